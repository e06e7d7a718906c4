//! Complaints, repeated asks, failing tools, turns that stand by themselves.

use serde_json::{Value, json};

use crate::classify::{asked_in, classify};
use crate::session::complaint::{complains, fails, points_back, same_ask};
use crate::session::turn::{Stall, Turn, in_loop};
use crate::wire::ChatRequest;

fn folded(text: &str) -> String {
    asked_in(json!({"role": "user", "content": text}).as_object().unwrap())
}

fn request(messages: Value) -> ChatRequest {
    ChatRequest::from_value(json!({"model": "auto", "messages": messages})).unwrap()
}

fn turn(messages: Value, difficulty: f64) -> Turn {
    let request = request(messages);
    Turn::of(&request, &classify(request.body()), difficulty)
}

#[test]
fn complaints_are_known_in_many_languages() {
    for text in [
        "That is wrong.",
        "that's not right, the total is off",
        "It still doesn't work",
        "This isn't working",
        "not working :(",
        "Same error as before",
        "You misunderstood the question",
        "No, wrong. It should be 12.",
        "please try again",
        "Eso no funciona",
        "no es correcto",
        "Ça ne marche pas",
        "C'est faux.",
        "toujours la même erreur",
        "Das ist falsch.",
        "Das funktioniert immer noch nicht",
        "läuft leider nicht",
        "isso não funciona",
        "está errado",
        "Non funziona",
        "è sbagliato",
        "Dat klopt niet",
        "het werkt nog steeds niet",
        "To nie działa",
        "to jest błędne",
        "Bu yanlış",
        "hâlâ aynı hata, çalışmıyor",
        "Det fungerar inte",
        "Itu salah",
        "masih error",
        "Sai rồi",
        "vẫn không chạy",
        "Это неправильно",
        "всё ещё не работает",
        "Це не працює",
        "هذا خطأ",
        "لا يعمل",
        "यह गलत है",
        "काम नहीं कर रहा",
        "不对，再想想",
        "还是报错",
        "還是不行，錯了",
        "違います",
        "まだエラーが出ます",
        "틀렸어요",
        "여전히 안 돼요",
        "nefunguje to",
        "Nem működik",
        "se on väärin",
        "det virker ikke",
        "Δεν δουλεύει",
        "זה לא עובד",
        "ยังไม่ถูกต้อง",
    ] {
        assert!(complains(&folded(text)), "{text}: {}", folded(text));
    }
}

#[test]
fn what_is_no_complaint_is_none() {
    for text in [
        "Thanks, that works!",
        "What is the capital of Peru?",
        "Write a test that fails when the list is empty.",
        "Which of these two answers is wrong?",
        "Explain why the sky is blue.",
        "Continue",
        "and in French?",
        "Danke, das passt.",
        "¿Y en francés?",
        "Merci, c'est parfait.",
        "谢谢，很好",
        "ありがとう、次をお願いします",
        "감사합니다, 계속해 주세요",
        "Спасибо, продолжай",
        "Obrigado, ficou ótimo",
        "Now add a column for the tax.",
    ] {
        assert!(!complains(&folded(text)), "{text}");
    }
}

#[test]
fn the_same_question_is_the_same_and_no_other() {
    let same = [
        ("How do I merge two dictionaries in Python?", "how do I merge two dictionaries in python"),
        ("Wie spät ist es in Lima?", "wie spät ist es in Lima"),
        ("这个函数为什么报错", "这个函数为什么报错？"),
    ];
    for (one, other) in same {
        assert!(same_ask(&folded(one), &folded(other)), "{one}");
    }
    let different = [
        ("What is the capital of Peru?", "What is the capital of Chile?"),
        ("continue", "continue"),
        ("yes", "yes"),
        ("Sort the list ascending", "Sort the list descending"),
    ];
    for (one, other) in different {
        assert!(!same_ask(&folded(one), &folded(other)), "{one}");
    }
}

#[test]
fn errors_of_tools_are_known_by_their_beginning() {
    for text in [
        "Error: file not found",
        "TypeError: x is undefined",
        "Traceback (most recent call last):\n  File",
        "{\"error\": \"no such column\"}",
        "{\"is_error\": true, \"content\": \"\"}",
        "exit code 1\nfoo",
        "java.lang.NullPointerException at Main",
    ] {
        assert!(fails(text), "{text}");
    }
    for text in ["ok", "{\"error\": null, \"rows\": 3}", "exit code 0", "The word error occurs later", ""] {
        assert!(!fails(text), "{text}");
    }
}

#[test]
fn what_points_back_does_not_stand_by_itself() {
    for text in ["Translate that into French", "und das hier?", "这个是什么意思", "それを短くして"] {
        assert!(points_back(&folded(text)), "{text}");
    }
    for text in ["What is the capital of Peru?", "Was ist die Hauptstadt von Peru?", "秘鲁的首都是哪里？"] {
        assert!(!points_back(&folded(text)), "{text}");
    }
}

#[test]
fn loops_are_seen_with_results_and_with_calls_alone() {
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let user = json!({"role": "user", "content": "Look it up."});
    let calls = json!({"role": "assistant", "content": null, "tool_calls": [call("a"), call("b")]});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "3"});
    let done = json!({"role": "assistant", "content": "Three."});
    for (messages, expected) in [
        (json!([user]), false),
        (json!([user, calls]), true),
        (json!([user, calls, result("a"), result("b")]), true),
        (json!([user, calls, result("a"), user]), true),
        (json!([user, calls, result("a"), result("b"), user]), false),
        (json!([user, calls, result("a"), result("b"), done, user]), false),
    ] {
        assert_eq!(in_loop(&request(messages.clone())), expected, "{messages}");
    }
}

#[test]
fn stalls_are_told_apart_and_not_looked_for_in_loops() {
    let user = |text: &str| json!({"role": "user", "content": text});
    let said = json!({"role": "assistant", "content": "Here you are."});
    let hard = user("Write a Python function that merges overlapping intervals.");
    let of = |messages: Value| turn(messages, 0.5).stall;
    assert_eq!(of(json!([hard])), None);
    assert_eq!(of(json!([user("That is wrong.")])), None);
    assert_eq!(of(json!([hard, said, user("That is wrong.")])), Some(Stall::Complaint));
    assert_eq!(of(json!([hard, said, hard])), Some(Stall::SameAgain));
    assert_eq!(of(json!([hard, said, user("Thanks, now add tests.")])), None);
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "run", "arguments": "{}"}}]});
    let broken = json!({"role": "tool", "tool_call_id": "a", "content": "Error: exit status 1"});
    let fine = json!({"role": "tool", "tool_call_id": "a", "content": "passed"});
    let next = user("Go on with the next file.");
    let thrice = json!([hard, call, broken, call, broken, call, broken, said, next]);
    assert_eq!(of(thrice), Some(Stall::ToolErrors));
    assert_eq!(of(json!([hard, call, broken, call, fine, call, broken, said, next])), None);
    assert_eq!(of(json!([hard, call, broken, call, broken, call, broken])), None);
}

#[test]
fn only_a_simple_turn_of_its_own_is_separable() {
    let user = |text: &str| json!({"role": "user", "content": text});
    let said = json!({"role": "assistant", "content": "Here you are."});
    let hard = user("Design a fault-tolerant distributed consensus protocol in Rust and prove its safety");
    let after = |text: &str| turn(json!([hard, said, user(text)]), 0.8).separable;
    assert!(after("What is the capital of Peru?"));
    for text in ["continue", "looks good, commit it", "and in French?", "Translate that into French.", "That is wrong."]
    {
        assert!(!after(text), "{text}");
    }
    assert!(!after("Prove the liveness property as well."));
    // Beside an easy conversation nothing is easier.
    assert!(!turn(json!([hard, said, user("What is the capital of Peru?")]), 0.1).separable);
}

#[test]
fn stalls_add_up_within_bounds_and_a_new_task_begins_anew() {
    let of = |stall, in_loop, inherited| Turn { in_loop, stall, separable: false, inherited };
    let stalled = of(Some(Stall::Complaint), false, true);
    let mut raised = 0.0;
    for _ in 0..9 {
        let before = raised;
        raised = stalled.raised(raised);
        assert!(raised >= before);
    }
    assert!((raised - 0.45).abs() < 1e-9);
    assert_eq!(of(None, true, false).raised(raised), raised);
    assert_eq!(of(None, false, true).raised(raised), raised);
    assert_eq!(of(None, false, false).raised(raised), 0.0);
}
