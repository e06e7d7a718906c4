//! The demo's last lines: what all prompts cost, and what the same tokens would have cost elsewhere.

use std::collections::BTreeMap;

use clawrouters::{Catalog, ChatRequest, Router, Usage};

use super::table::{Row, dollars};
use super::{Outcome, Prompt};

/// Prints the totals. Comparisons are of the same tokens at another model's price.
pub fn print(router: &Router, prompts: &[Prompt], rows: &[Row], sandboxed: bool) -> Outcome<()> {
    let routes: Vec<_> = rows.iter().filter_map(|row| row.route.as_ref()).collect();
    let spent: i128 = routes.iter().filter_map(|r| r.cost_nanos).map(i128::from).sum();
    let dearest: i128 = routes.iter().filter_map(|r| r.baseline_nanos).map(i128::from).sum();
    let survived = routes.iter().filter(|r| r.attempts.len() > 1).count();
    println!(
        "{} of {} prompts answered, {survived} of them after another provider had failed",
        routes.len(),
        rows.len()
    );
    println!("  with auto                      {:>12}", dollars(Some(spent)));
    println!("  always the dearest able model  {:>12}  {}", dollars(Some(dearest)), less(spent, dearest));
    if let Some((best, cost)) =
        best_single(router, prompts, &routes.iter().filter_map(|r| r.usage).collect::<Vec<_>>())?
    {
        println!("  best single model              {:>12}  {}, {best}", dollars(Some(cost)), less(spent, cost));
    }
    println!(
        "\nBoth comparisons price the tokens that were used here with another model's list price. The dearest able model is"
    );
    println!("chosen anew for every prompt; the best single model is the one that auto:best puts first most often.");
    if sandboxed {
        println!(
            "These are sandbox figures: the prices are real, the tokens are made up, and no money was spent or saved."
        );
    }
    Ok(())
}

fn less(spent: i128, other: i128) -> String {
    if other == 0 {
        return String::new();
    }
    format!("auto costs {:.1}% of that", spent as f64 * 100.0 / other as f64)
}

/// The model that `auto:best` puts first most often, and what these tokens cost there.
fn best_single(router: &Router, prompts: &[Prompt], used: &[Usage]) -> Outcome<Option<(String, i128)>> {
    let mut wins = BTreeMap::new();
    for prompt in prompts {
        let mut body = prompt.body.clone();
        body["model"] = "auto:best".into();
        let explained = router.explain(&ChatRequest::from_value(body)?)?;
        if let Some(first) = explained.plan.candidates.into_iter().next() {
            wins.entry(first.target.key()).or_insert((0, first.target)).0 += 1;
        }
    }
    let Some((name, (_, target))) = wins.into_iter().max_by_key(|(_, (count, _))| *count) else { return Ok(None) };
    let Some(price) = target.model.price_at(Catalog::builtin().as_of()) else { return Ok(None) };
    let pico: i128 = used
        .iter()
        .filter_map(|usage| {
            let rates = price.rates_for(usage.input, None);
            Some(
                i128::from(usage.input) * i128::from(rates.input?)
                    + i128::from(usage.output) * i128::from(rates.output?),
            )
        })
        .sum();
    Ok(Some((name, pico / 1_000)))
}
