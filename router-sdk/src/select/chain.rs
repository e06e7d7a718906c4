//! The first choice and its fallbacks: weighed models in, an ordered few of different providers out.

use super::facts::Ask;
use super::gate;
use super::sift::Able;

/// Candidates of a plan: more than anybody waits for, few enough to hold in mind.
pub(crate) const CHAIN: usize = 6;

/// What the caller ordered comes first and in that order; then the best model of each provider, best first; then the
/// second best of each, so that a fallback is another provider wherever there is one.
pub(super) fn chain<'a, 'p>(passed: &'a [Able<'p>], providers: usize, ask: &Ask<'_>) -> Vec<&'a Able<'p>> {
    let length = if ask.options.allow_fallbacks == Some(false) { 1 } else { CHAIN };
    let mut chain = ordered(passed, ask);
    chain.truncate(length);
    let mut used = vec![0u8; providers];
    for a in &chain {
        count(&mut used, a);
    }
    while chain.len() < length {
        let taken = |a: &Able<'_>| chain.iter().any(|c| same(c, a));
        let mut best: Vec<Option<&'a Able<'p>>> = vec![None; providers];
        for a in passed.iter().filter(|a| !taken(a)) {
            if let Some(slot) = best.get_mut(a.entry.provider)
                && slot.is_none_or(|b| a.rank(b).is_lt())
            {
                *slot = Some(a);
            }
        }
        let mut best: Vec<&'a Able<'p>> = best.into_iter().flatten().collect();
        if best.is_empty() {
            break;
        }
        let first = chain.is_empty();
        let uses = |a: &Able<'_>| if first { 0 } else { used.get(a.entry.provider).copied().unwrap_or_default() };
        best.sort_by(|a, b| uses(a).cmp(&uses(b)).then_with(|| a.rank(b)));
        best.truncate(length - chain.len());
        for a in &best {
            count(&mut used, a);
        }
        chain.extend(best);
    }
    chain
}

/// True for one model under two names of the same provider: when the one fails the other will.
fn same(one: &Able<'_>, other: &Able<'_>) -> bool {
    let (a, b) = (&one.entry.target.model, &other.entry.target.model);
    let twin = one.entry.provider == other.entry.provider && !a.canonical.is_empty() && a.canonical == b.canonical;
    twin || std::ptr::eq(one.entry, other.entry)
}

fn count(used: &mut [u8], a: &Able<'_>) {
    if let Some(uses) = used.get_mut(a.entry.provider) {
        *uses = uses.saturating_add(1);
    }
}

/// The models that `route.order` names, in its order; within one name the best first.
fn ordered<'a, 'p>(passed: &'a [Able<'p>], ask: &Ask<'_>) -> Vec<&'a Able<'p>> {
    let mut out: Vec<&'a Able<'p>> = Vec::new();
    for name in &ask.options.order {
        let mut named: Vec<_> = passed.iter().filter(|a| gate::matches(name, &a.entry.target)).collect();
        named.retain(|a| !out.iter().any(|o| std::ptr::eq(o.entry, a.entry)));
        named.sort_by(|a, b| a.rank(b));
        // One model a provider named, so that the order leads to the next name soon.
        named.truncate(1);
        out.extend(named);
    }
    out
}
