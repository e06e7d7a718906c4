//! Amounts over any stretch of a length: claims in, whether they fit and when they would out. Pure but for its state.
//!
//! The stretch is cut into parts. A claim counts in the part of its moment, and a part counts until all of it lies
//! further back than the stretch is long. So the sum is never less than what any stretch that ends now holds, and room
//! comes at most one part late.

use std::collections::VecDeque;

use crate::store::{Level, Span};

#[derive(Debug)]
pub(super) struct Sliding {
    part_ms: u64,
    /// Parts that still count after the present one has begun.
    back: i64,
    /// Amounts by the number of their part, oldest first.
    parts: VecDeque<(i64, u64)>,
    sum: u64,
    /// The latest moment so far, by the clock of this counter.
    latest_ms: i64,
    /// What is added to the caller's clock. One that is set back goes on here from where it was: what counts neither
    /// expires early nor waits for the clock to come round again.
    ahead_ms: i64,
}

impl Sliding {
    pub(super) fn new(ms: u64, at_ms: i64) -> Self {
        let part_ms = Span::part_ms(ms);
        let back = i64::try_from(ms.div_ceil(part_ms)).unwrap_or(i64::MAX / 4);
        Self { part_ms, back, parts: VecDeque::new(), sum: 0, latest_ms: at_ms, ahead_ms: 0 }
    }

    /// The moment by the clock of this counter, with everything that has expired by then gone.
    fn turn_to(&mut self, at_ms: i64) -> i64 {
        let mut now = at_ms.saturating_add(self.ahead_ms);
        if now < self.latest_ms {
            self.ahead_ms = self.latest_ms.saturating_sub(at_ms);
            now = self.latest_ms;
        }
        self.latest_ms = now;
        let oldest = self.number(now).saturating_sub(self.back);
        while let Some((_, amount)) = self.parts.front().filter(|(number, _)| *number < oldest) {
            self.sum = self.sum.saturating_sub(*amount);
            self.parts.pop_front();
        }
        now
    }

    fn number(&self, now: i64) -> i64 {
        now.div_euclid(i64::try_from(self.part_ms).unwrap_or(i64::MAX))
    }

    /// Milliseconds from `now` until a part no longer counts.
    fn gone_after(&self, number: i64, now: i64) -> u64 {
        let first = number.saturating_add(self.back).saturating_add(1);
        let at = first.saturating_mul(i64::try_from(self.part_ms).unwrap_or(i64::MAX));
        u64::try_from(at.saturating_sub(now)).unwrap_or(0)
    }

    /// Counts an amount and tells its part; else when it would fit, and how much would now.
    pub(super) fn take(&mut self, amount: u64, cap: u64, at_ms: i64) -> Result<i64, (Option<u64>, u64)> {
        let now = self.turn_to(at_ms);
        let left = cap.saturating_sub(self.sum);
        if amount > left || left == 0 {
            return Err((self.fits_after(amount, cap, now), left));
        }
        let number = self.number(now);
        match self.parts.back_mut() {
            Some((last, sum)) if *last == number => *sum = sum.saturating_add(amount),
            _ => self.parts.push_back((number, amount)),
        }
        self.sum = self.sum.saturating_add(amount);
        Ok(number)
    }

    /// When an amount fits, if nothing else is counted by then.
    fn fits_after(&self, amount: u64, cap: u64, now: i64) -> Option<u64> {
        let room = cap.checked_sub(amount.max(1))?;
        let mut sum = self.sum;
        for (number, counted) in &self.parts {
            sum = sum.saturating_sub(*counted);
            if sum <= room {
                return Some(self.gone_after(*number, now));
            }
        }
        None
    }

    /// Puts the real amount in the place of one that was counted in a part. What has expired by now stays gone.
    pub(super) fn settle(&mut self, number: i64, counted: u64, real: u64) {
        if let Ok(at) = self.parts.binary_search_by_key(&number, |(number, _)| *number)
            && let Some((_, sum)) = self.parts.get_mut(at)
        {
            let before = *sum;
            *sum = sum.saturating_sub(counted).saturating_add(real);
            self.sum = self.sum.saturating_sub(before).saturating_add(*sum);
        }
    }

    pub(super) fn level(&mut self, at_ms: i64) -> Level {
        let now = self.turn_to(at_ms);
        let newest = self.parts.iter().rev().find(|(_, amount)| *amount > 0);
        Level { used: self.sum, held: 0, reset_ms: newest.map(|(number, _)| self.gone_after(*number, now)) }
    }

    /// True when nothing counts and a new counter would go by the same clock.
    pub(super) fn is_idle(&mut self, at_ms: i64) -> bool {
        self.turn_to(at_ms);
        self.parts.is_empty() && self.ahead_ms == 0
    }
}
