//! Shapes that are found, beside text that looks like them and stays.

use super::super::{Kinds, RedactKind, text};

fn only(kind: RedactKind) -> Kinds {
    [kind].into_iter().collect()
}

#[track_caller]
fn taken(kind: RedactKind, cases: &[(&str, &str)]) {
    for (before, after) in cases {
        assert_eq!(&text(before, only(kind)), after, "{before}");
        assert_eq!(&text(before, Kinds::all()), after, "with all kinds: {before}");
    }
}

#[track_caller]
fn stays(cases: &[&str]) {
    for case in cases {
        assert_eq!(&text(case, Kinds::all()), case);
    }
}

#[test]
fn addresses() {
    taken(
        RedactKind::Email,
        &[
            ("write to ana.b+x@mail.example.co.uk.", "write to [email]."),
            ("<o'neil@example.org>, (x_y@sub.example.museum)", "<[email]>, ([email])"),
            ("'q@example.com'", "'[email]'"),
            ("андрей@пример.рф and 田中@例え.jp", "[email] and [email]"),
            ("a@xn--bcher-kva.example", "[email]"),
            ("a@b.de,c@d.fr;e@f.it", "[email],[email];[email]"),
            ("mailto:me@example.com?subject=x", "mailto:[email]?subject=x"),
        ],
    );
    stays(&[
        "icon@2x.png",
        "react@18.2.0",
        "git@example.com:team/project.git",
        "@someone said hi",
        "a @ b.com",
        "user@localhost",
        "@media (max-width: 3px)",
    ]);
}

#[test]
fn cards() {
    taken(
        RedactKind::Card,
        &[
            ("4111 1111 1111 1111", "[card]"),
            ("card 4111-1111-1111-1111, cvv 123", "card [card], cvv 123"),
            ("4111 1111 1111 1111 123", "[card] 123"),
            ("5555555555554444.", "[card]."),
            ("378282246310005 and 3782 822463 10005", "[card] and [card]"),
            ("30569309025904", "[card]"),
            ("3530111333300000", "[card]"),
            ("6011 0009 9013 9424", "[card]"),
            ("2223003122003222", "[card]"),
            ("6200000000000005", "[card]"),
            ("\"4242424242424242\"", "\"[card]\""),
        ],
    );
    stays(&[
        "4111 1111 1111 1112",
        "0.4111111111111111",
        "1732345678901234567",
        "4111-1111 1111-1111",
        "x4111111111111111",
        "550e8400-e29b-41d4-a716-446655440000",
        "order 9999999999999995",
        "4444444444444444",
    ]);
}

#[test]
fn phones() {
    taken(
        RedactKind::Phone,
        &[
            ("call +49 30 901820 now", "call [phone] now"),
            ("+1 (415) 555-2671", "[phone]"),
            ("+14155552671", "[phone]"),
            ("(+44 20 7946 0958)", "([phone])"),
            ("+91-98765-43210; +86 138 1234 5678", "[phone]; [phone]"),
            ("0049 30 901820", "[phone]"),
            ("(415) 555-2671 or 415.555.2671", "[phone] or [phone]"),
            ("1-800-555-2671", "[phone]"),
            ("030 9018 2020", "[phone]"),
            ("0171-2345678", "[phone]"),
            ("01 23 45 67 89", "[phone]"),
            ("020 7946 0958.", "[phone]."),
            ("tel:+4930901820", "tel:[phone]"),
            ("Phone: 13812345678", "Phone: [phone]"),
            ("电话:13812345678", "电话:[phone]"),
            ("+49 30 901820 4111111111111112", "[phone] 4111111111111112"),
        ],
    );
    stays(&[
        "2024-01-31",
        "01-02-2024 12:30",
        "31.12.2024",
        "01/02/2024",
        "2024-01-31T12:30:00+02:00",
        "1732345678901",
        "order 20240131123",
        "192.168.100.200",
        "a+1234567890123",
        "0.123456789012",
        "1,234,567,890",
        "$555 123 4567",
        "version 10.0.19045.3803",
        "pages 100-200, 300-400",
        "isbn 978-3-16-148410-0",
        "00-11-22-33-44-55",
        "2 + 3000000 = 3000002",
        "#415-555-2671",
        "id 123456789012",
    ]);
}

#[test]
fn keys() {
    taken(
        RedactKind::ApiKey,
        &[
            ("sk-proj-abcDEF0123456789abcdef", "[api-key]"),
            ("key=sk-ant-api03-abcDEF0123456789abcdef!", "key=[api-key]!"),
            ("gsk_abcdefghij0123456789abcd", "[api-key]"),
            ("AIzaSyA0123456789abcdefghijklmnopqrstuv", "[api-key]"),
            ("cr_0123456789abcdefghijABCDEFGHIJ0123456789xyz", "[api-key]"),
            ("AKIAIOSFODNN7EXAMPLE", "[api-key]"),
            ("hf_abcdefghijklmnopqrst123456", "[api-key]"),
            ("ghp_abcdefghijklmnopqrst0123456789abcdef", "[api-key]"),
            ("xai-abcdefghijklmnopqrst0123456789", "[api-key]"),
            ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer [api-key]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh_-1", "[api-key]"),
            (r#"{"api_key": "0123456789abcdef0123"}"#, r#"{"api_key": "[api-key]"}"#),
            ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY=[api-key]"),
            ("-----BEGIN RSA PRIVATE KEY-----\nabc\ndef=\n-----END RSA PRIVATE KEY-----", "[api-key]"),
        ],
    );
    stays(&[
        "task-force-number-one-of-the-year-2024",
        "sk-learn",
        "sk-a-name-without-any-number-in-it",
        "bearer of the good news that nobody expected",
        "api_key = os.environ",
        "risk-0123456789abcdef01234567",
        "cr_short",
    ]);
}

#[test]
fn patterns_compile() {
    assert_eq!(
        text("a@b.de +49 30 901820 4111111111111111 cr_0123456789abcdefghij", Kinds::all()),
        "[email] [phone] [card] [api-key]"
    );
    assert_eq!(text("-----BEGIN PRIVATE KEY-----\nQ\n-----END PRIVATE KEY-----", Kinds::all()), "[api-key]");
    assert_eq!(text("(415) 555-2671, 030 9018 2020, tel 12345678", Kinds::all()), "[phone], [phone], tel [phone]");
}

#[test]
fn nothing_asked_for_nothing_taken() {
    assert_eq!(text("a@b.de +49 30 901820", Kinds::default()), "a@b.de +49 30 901820");
}
