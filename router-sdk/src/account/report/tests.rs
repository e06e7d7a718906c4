//! The page as text: what it may not hold, and what it must.

use super::*;
use crate::account::ledger::tests::{NOON, entries};
use crate::account::usage::UsageQuery;

fn made() -> (String, Value) {
    let now = Timestamp::from_millisecond(NOON).expect("a moment");
    let question = UsageQuery::new().parts(now).expect("a question");
    let all = entries(800);
    let visit = |visit: Rows<'_>| all.iter().try_for_each(|e| visit(&Row::of(e)));
    let data = data(&question, "memory", 7, now, visit).expect("values");
    (page::page(&data), data)
}

#[test]
fn names_cannot_leave_their_place_and_nothing_is_loaded() {
    let (page, _) = made();
    let values = page.split("id=\"values\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("values");
    assert!(values.contains("gamma/odd \\u003cb>") && !values.contains('<'));
    assert!(serde_json::from_str::<Value>(values).is_ok_and(|v| v["forgotten"] == 7));
    for loads in ["src=", "url(", "@import", "href=\"http", "<link rel=\"stylesheet"] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(page.contains("Copyright (c) 2022 Leon Sorokin"));
    assert!(page.contains("default-src 'none'; script-src 'sha256-"));
}

#[test]
fn sums_over_time_are_the_total() {
    let (_, data) = made();
    let sum = |rows: &Value| -> u64 {
        rows.as_array().expect("rows").iter().map(|r| r["cost_nanos"].as_u64().expect("money")).sum()
    };
    let total = data["total"]["cost_nanos"].as_u64().expect("money");
    assert!(total > 0 && data["step"] == "day");
    assert_eq!((sum(&data["over_time"]), sum(&data["models_over_time"])), (total, total));
    assert_eq!(sum(&data["by"]["model"]["rows"]), total);
}

#[test]
fn a_report_of_nothing_is_a_page() {
    let now = Timestamp::UNIX_EPOCH;
    let question = UsageQuery::new().parts(now).expect("a question");
    let data = data(&question, "memory", 0, now, |_| Ok(())).expect("values");
    assert!(data["first_ms"].is_null() && page::page(&data).contains("ClawRouters report"));
    let refused = write_report(Path::new("report.pdf"), &question, "memory", 0, now, |_| Ok(()));
    assert_eq!(refused.expect_err("another form").param(), Some("path"));
}
