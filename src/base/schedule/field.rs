//! One field of a cron expression: numbers, names, ranges, steps.

use super::ScheduleError;

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// "minutes".
    pub name: &'static str,
    pub least: u16,
    pub most: u16,
    /// Names for numbers, the first for `least`.
    pub names: &'static [&'static str],
}

/// A part of an expression and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub text: &'a str,
    /// Counts characters from 0.
    pub offset: usize,
}

impl<'a> Part<'a> {
    /// The parts between a separator.
    pub(super) fn split(self, separator: char) -> impl Iterator<Item = Part<'a>> {
        let mut offset = self.offset;
        self.text.split(separator).map(move |text| {
            let part = Part { text, offset };
            offset += text.chars().count() + 1;
            part
        })
    }

    /// The two parts around the first separator.
    pub(super) fn halves(self, separator: char) -> Option<(Part<'a>, Part<'a>)> {
        let (first, second) = self.text.split_once(separator)?;
        let offset = self.offset + first.chars().count() + 1;
        Some((Part { text: first, ..self }, Part { text: second, offset }))
    }

    /// A refusal of this part.
    pub(super) fn refuse(self, reason: impl Into<String>) -> ScheduleError {
        ScheduleError::at(self.offset, reason)
    }
}

impl Field {
    /// The numbers that a part without letters of its own means: `*`, `5`, `1-5`, `*/2`, `10/15`.
    pub(super) fn numbers(&self, part: Part<'_>) -> Result<Vec<u16>, ScheduleError> {
        let (range, step) = match part.halves('/') {
            Some((range, step)) => (range, self.step(step)?),
            None => (part, 1),
        };
        let stepped = range.text.len() != part.text.len();
        let (from, to) = if range.text == "*" {
            (self.least, self.most)
        } else if let Some((from, to)) = range.halves('-') {
            (self.number(from)?, self.number(to)?)
        } else {
            let from = self.number(range)?;
            (from, if stepped { self.most } else { from })
        };
        if from > to {
            // From Friday to Monday: over the end and on from the beginning.
            return Ok((from..=self.most).chain(self.least..=to).step_by(step.into()).collect());
        }
        Ok((from..=to).step_by(step.into()).collect())
    }

    /// One number or name.
    pub(super) fn number(&self, part: Part<'_>) -> Result<u16, ScheduleError> {
        let by_name = self.names.iter().position(|name| name.eq_ignore_ascii_case(part.text));
        let found = match by_name.and_then(|at| u16::try_from(at).ok()) {
            Some(at) => Some(self.least + at),
            None => part.text.parse().ok().filter(|_| part.text.chars().all(|c| c.is_ascii_digit())),
        };
        found.filter(|number| (self.least..=self.most).contains(number)).ok_or_else(|| {
            let names = match (self.names.first(), self.names.last()) {
                (Some(first), Some(last)) => format!(" or {first}-{last}"),
                _ => String::new(),
            };
            let Self { name, least, most, .. } = self;
            part.refuse(format!("`{}` does not fit the {name}: they are {least}-{most}{names}", part.text))
        })
    }

    fn step(&self, part: Part<'_>) -> Result<u16, ScheduleError> {
        let step = part.text.parse().ok().filter(|step| (1..=self.most).contains(step));
        step.ok_or_else(|| part.refuse(format!("`{}` is no step of the {}", part.text, self.name)))
    }
}
