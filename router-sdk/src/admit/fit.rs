//! Claims that may be made smaller in; the largest answer for which all of them are granted out.

use super::clock::Now;
use super::denial::{Denial, Refused};
use super::rules::Asked;
use crate::store::{Claim, Denied, Hold, Measure, StateStore};

/// Tokens below which an answer is not cut for the sake of a limit, which soon has room again.
const WORTH_TOKENS: u64 = 256;
/// Tokens below which an answer is not cut for the sake of a budget: the least that all providers take for a limit.
const WORTH_MONEY: u64 = 16;
/// How often claims are made smaller. Others may claim in between.
const ROUNDS: usize = 8;

/// Nano-dollars for so many output tokens; nothing where the price is unknown.
pub(crate) type Price<'a> = &'a (dyn Fn(u64) -> Option<u64> + Sync);

/// What an answer of so many tokens claims at a moment.
pub(crate) type Ask<'a> = &'a (dyn Fn(u64, Now) -> Asked + Send + Sync);

/// How long the answer may be.
pub(crate) struct Length<'a> {
    /// Input tokens, as they stand in the claims.
    pub(crate) input: u64,
    /// The longest answer, all choices together, in tokens.
    pub(crate) wanted: u64,
    /// The caller set no limit, so that the answer may be cut.
    pub(crate) shrinks: bool,
    pub(crate) choices: u64,
    pub(crate) price: Price<'a>,
}

/// Claims that were granted.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) hold: Hold,
    /// The longest answer for which they were.
    pub(crate) output: u64,
    pub(crate) asked: Asked,
    /// What made it shorter.
    pub(crate) cut_by: Option<Denial>,
}

/// Claims what an answer of the wanted length needs, or of the length for which there is room.
pub(crate) async fn reserve(
    store: &dyn StateStore,
    ask: Ask<'_>,
    length: &Length<'_>,
    now: Now,
) -> Result<Granted, Refused> {
    let (mut output, mut cut_by) = (length.wanted, None);
    let (mut rounds, mut now, mut again) = (0..ROUNDS, now, true);
    loop {
        let asked = ask(output, now);
        let denied = match store.reserve(&asked.claims, now.at_ms).await {
            Ok(hold) => return Ok(Granted { hold, output, asked, cut_by }),
            Err(denied) => denied,
        };
        let (at, retry_after_ms, left) = match denied {
            Denied::Full { claim, retry_after_ms, left } => (claim, retry_after_ms, left),
            Denied::Elsewhen if again => {
                // The store's clock was not known, or has passed into another window meanwhile.
                now.wall_ms = store.clock(now.wall_ms);
                again = false;
                continue;
            }
            Denied::Elsewhen => {
                let why = "the clock of the shared state does not stand still".to_owned();
                return Err(Refused::Unavailable(crate::store::Unavailable(why)));
            }
            Denied::Unavailable(why) => return Err(Refused::Unavailable(why)),
        };
        let Some(denial) = Denial::new(&asked, at, retry_after_ms, left) else {
            let why = "the store refused a claim that was not made".to_owned();
            return Err(Refused::Unavailable(crate::store::Unavailable(why)));
        };
        match shorter(&denial.claim, left, output, length).filter(|_| rounds.next().is_some()) {
            Some(next) => output = next,
            None => return Err(Refused::Full(denial)),
        }
        cut_by = Some(denial);
    }
}

/// The answer for which a claim that was refused has room; its least length where there is none, which tells when there
/// will be.
fn shorter(claim: &Claim, left: u64, output: u64, length: &Length<'_>) -> Option<u64> {
    if !length.shrinks {
        return None;
    }
    let tokens = WORTH_TOKENS.saturating_mul(length.choices);
    let (fits, least) = match claim.measure {
        Measure::OutputTokens => (left, tokens.min(claim.cap)),
        Measure::Tokens => (left.saturating_sub(length.input), tokens.min(claim.cap.saturating_sub(length.input))),
        Measure::Nanos if claim.amount > 0 => {
            (affordable(length.price, left, output), WORTH_MONEY.saturating_mul(length.choices))
        }
        _ => return None,
    };
    let next = fits.max(least).max(length.choices);
    (next < output).then_some(next)
}

/// The longest answer that so much money pays for.
fn affordable(price: Price<'_>, nanos: u64, most: u64) -> u64 {
    let pays = |output: u64| price(output).is_some_and(|cost| cost <= nanos);
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if pays(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::admit::rules::{About, Need, Rules};
    use crate::admit::{Budget, Limits, Window};
    use crate::store::{Amounts, MemoryStore};

    const NOW: Now = Now { wall_ms: 1_700_000_000_000, at_ms: 1_700_000_000_000 };

    /// A thousand nano-dollars a call, ten for each token.
    fn price(output: u64) -> Option<u64> {
        Some(1_000 + 10 * output)
    }

    fn try_for(
        store: &MemoryStore,
        rules: &std::sync::Arc<Rules>,
        wanted: u64,
        shrinks: bool,
    ) -> Result<Granted, Refused> {
        let ask = |output, now| {
            let mut asked = Asked::default();
            asked.figures(rules, Need { input: 100, output });
            asked.purses(rules, price(output).unwrap(), now);
            asked
        };
        let length = Length { input: 100, wanted, shrinks, choices: 1, price: &price };
        reserve(store, &ask, &length, NOW).now_or_never().unwrap()
    }

    fn rules(limits: Limits, budgets: &[Budget]) -> std::sync::Arc<Rules> {
        Rules::of("global".into(), &limits, budgets).unwrap()
    }

    #[test]
    fn an_answer_is_cut_to_what_a_budget_pays_for() {
        let (store, rules) = (MemoryStore::default(), rules(Limits::default(), &[Budget::new(0.00001, Window::Day)]));
        let granted = try_for(&store, &rules, 4_096, true).unwrap();
        assert_eq!((granted.output, granted.hold.parts()[0].claim.amount), (900, 10_000));
        assert!(matches!(granted.cut_by.unwrap().about, About::Purse(_, 0)));
        let Err(Refused::Full(denial)) = try_for(&store, &rules, 4_096, true) else { panic!("nothing is left") };
        assert_eq!((denial.left, denial.claim.amount), (0, 1_160));
        granted.hold.settle(Amounts { nanos: 9_000, ..Amounts::default() });
        // A thousand are left: not enough for an answer worth the name.
        assert!(matches!(try_for(&store, &rules, 4_096, true), Err(Refused::Full(_))));
    }

    #[test]
    fn what_the_caller_asked_for_is_never_cut() {
        let (store, rules) = (MemoryStore::default(), rules(Limits::default(), &[Budget::new(0.00001, Window::Day)]));
        assert!(matches!(try_for(&store, &rules, 901, false), Err(Refused::Full(_))));
        assert_eq!(try_for(&store, &rules, 900, false).unwrap().output, 900);
    }

    #[test]
    fn a_limit_cuts_to_what_is_left_and_tells_when_the_least_fits() {
        let limits = Limits { tokens_per_minute: Some(1_000), ..Limits::default() };
        let (store, rules) = (MemoryStore::default(), rules(limits, &[]));
        let first = try_for(&store, &rules, 4_096, true).unwrap();
        assert_eq!(first.output, 900);
        first.hold.settle(Amounts { input_tokens: 100, output_tokens: 200, ..Amounts::default() });
        let second = try_for(&store, &rules, 4_096, true).unwrap();
        assert_eq!(second.output, 600);
        second.hold.settle(Amounts { input_tokens: 100, output_tokens: 300, ..Amounts::default() });
        let Err(Refused::Full(denial)) = try_for(&store, &rules, 4_096, true) else { panic!("too little is left") };
        assert_eq!(denial.claim.amount, 100 + WORTH_TOKENS);
        assert!((60_000..=61_200).contains(&denial.retry_after_ms.unwrap()));
    }

    #[test]
    fn a_small_limit_lets_an_answer_through_that_is_smaller_still() {
        let limits = Limits { tokens_per_minute: Some(120), output_tokens_per_hour: Some(30), ..Limits::default() };
        let (store, rules) = (MemoryStore::default(), rules(limits, &[]));
        assert_eq!(try_for(&store, &rules, 4_096, true).unwrap().output, 20);
        let none = Limits { tokens_per_minute: Some(100), ..Limits::default() };
        let rules = self::rules(none, &[]);
        let Err(Refused::Full(denial)) = try_for(&MemoryStore::default(), &rules, 4_096, true) else {
            panic!("no room")
        };
        assert_eq!(denial.retry_after_ms, None);
    }
}
