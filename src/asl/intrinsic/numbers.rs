//! `States.MathAdd` and `States.MathRandom`.

use serde_json::Value;

use super::super::scope::Scope;
use super::Wrong;
use super::arguments::{Arguments, whole};

/// Each number is rounded first, half up toward plus infinity.
pub(super) fn add(arguments: &Arguments<'_>) -> Result<Value, Wrong> {
    let rounded = |index| {
        let value = arguments.at(index)?;
        let number = value.as_i64().or_else(|| whole((value.as_f64()? + 0.5).floor()));
        number.and_then(|number| i32::try_from(number).ok()).ok_or_else(|| arguments.wrong())
    };
    let sum = i32::checked_add(rounded(0)?, rounded(1)?).ok_or_else(|| arguments.wrong())?;
    Ok(Value::from(sum))
}

/// A whole number from the first on, below the second; the same seed gives the same number.
pub(super) fn random(arguments: &Arguments<'_>, scope: &Scope<'_>) -> Result<Value, Wrong> {
    let (first, end) = (arguments.whole(0)?, arguments.whole(1)?);
    let width = end.checked_sub(first).filter(|width| *width > 0).ok_or_else(|| arguments.wrong())?;
    let seed = if arguments.values.len() > 2 { Some(arguments.whole(2)?) } else { None };
    let mut source = seed.map_or_else(|| JavaRandom::drawn(scope), JavaRandom::seeded);
    let drawn = match i32::try_from(width) {
        Ok(bound) => i64::from(source.below(bound)),
        Err(_) => source.long().rem_euclid(width),
    };
    Ok(Value::from(first + drawn))
}

/// The generator of Java's `java.util.Random`, from which the service draws.
#[derive(Clone, Debug)]
pub(crate) struct JavaRandom(i64);

impl JavaRandom {
    const MASK: i64 = (1 << 48) - 1;
    const FACTOR: i64 = 0x5_DEEC_E66D;

    /// With a seed.
    pub(crate) fn seeded(seed: i64) -> Self {
        Self((seed ^ Self::FACTOR) & Self::MASK)
    }

    /// With a seed that nobody can guess.
    pub(crate) fn drawn(scope: &Scope<'_>) -> Self {
        let mut bytes = [0; 8];
        scope.ids.fill(&mut bytes);
        Self::seeded(i64::from_le_bytes(bytes))
    }

    /// The next `count` bits, at most 32, as a signed number.
    fn bits(&mut self, count: u32) -> i32 {
        self.0 = self.0.wrapping_mul(Self::FACTOR).wrapping_add(0xB) & Self::MASK;
        #[expect(clippy::cast_possible_truncation, reason = "the generator gives the low 32 bits")]
        ((self.0 >> (48 - count)) as i32)
    }

    /// From zero on, below `bound`, which is positive.
    fn below(&mut self, bound: i32) -> i32 {
        if bound.count_ones() == 1 {
            let product = i64::from(bound) * i64::from(self.bits(31));
            return i32::try_from(product >> 31).unwrap_or_default();
        }
        loop {
            let bits = self.bits(31);
            let value = bits % bound;
            // The last, incomplete run of values is drawn again.
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value;
            }
        }
    }

    fn long(&mut self) -> i64 {
        (i64::from(self.bits(32)) << 32).wrapping_add(i64::from(self.bits(32)))
    }

    /// From zero on, below one.
    pub(crate) fn unit(&mut self) -> f64 {
        let high = i64::from(self.bits(26)) << 27;
        let all = high + i64::from(self.bits(27));
        #[expect(clippy::cast_precision_loss, reason = "53 bits are what the mantissa holds")]
        (all as f64 / (1_i64 << 53) as f64)
    }
}
