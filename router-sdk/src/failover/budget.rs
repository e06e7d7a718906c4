//! The shared purse of retries: repeats spend from it, successes pay back, so retries stay a fraction of traffic.

use std::sync::{Mutex, PoisonError};

use crate::config::Retry;

/// A token bucket of retries.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: Mutex<f64>,
    most: f64,
    earn: f64,
}

impl RetryBudget {
    pub(crate) fn new(settings: &Retry) -> Self {
        let most = f64::from(settings.budget_tokens);
        Self { tokens: Mutex::new(most), most, earn: settings.budget_earn }
    }

    /// Takes one retry, if there is one.
    pub(crate) fn spend(&self) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *tokens >= 1.0;
        if enough {
            *tokens -= 1.0;
        }
        enough
    }

    /// A request was answered.
    pub(crate) fn earn(&self) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = (*tokens + self.earn).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_run_out_and_successes_earn_them_back() {
        let budget = RetryBudget::new(&Retry { budget_tokens: 2, budget_earn: 0.5, ..Retry::default() });
        assert!(budget.spend() && budget.spend() && !budget.spend());
        budget.earn();
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
    }
}
