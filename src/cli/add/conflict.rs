//! Data sync on the command line: handlers as words, `off` for none.

use std::fmt;
use std::str::FromStr;

use crate::category::ApiSpec;
use crate::category::api::Conflict;
use crate::cli::args::ApiFlags;

/// A handler, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConflictArg(Option<Conflict>);

impl FromStr for ConflictArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" { Ok(Self(None)) } else { text.parse().map(|conflict| Self(Some(conflict))) }
    }
}

impl fmt::Display for ConflictArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(conflict) => conflict.fmt(formatter),
            None => formatter.write_str("off"),
        }
    }
}

/// The handler of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelConflictArg {
    model: String,
    conflict: Conflict,
}

impl FromStr for ModelConflictArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((model, handler)) = text.split_once('=').filter(|(model, _)| !model.is_empty()) else {
            return Err(format!("`{text}` is no MODEL=HANDLER, for example `Order=optimistic-concurrency`"));
        };
        Ok(Self { model: model.to_owned(), conflict: handler.parse()? })
    }
}

impl fmt::Display for ModelConflictArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.model, self.conflict)
    }
}

/// Lays the flags over settings; true when there were any. Without data sync no model has a handler.
pub(super) fn apply(spec: &mut ApiSpec, flags: &ApiFlags) -> bool {
    if let Some(ConflictArg(conflict)) = &flags.conflict {
        spec.conflict.clone_from(conflict);
        if conflict.is_none() {
            spec.conflict_models.clear();
        }
    }
    if let Some(models) = &flags.conflict_models {
        spec.conflict_models = models.iter().map(|arg| (arg.model.clone(), arg.conflict.clone())).collect();
    }
    flags.conflict.is_some() || flags.conflict_models.is_some()
}

#[cfg(test)]
mod tests {
    use super::{ConflictArg, ModelConflictArg, apply};
    use crate::category::ApiSpec;
    use crate::category::api::Conflict;
    use crate::cli::args::ApiFlags;

    #[test]
    fn flags_turn_data_sync_on_and_off() {
        let mut spec = ApiSpec::default();
        let handler = |text: &str| text.parse::<ConflictArg>().expect(text);
        let model = |text: &str| text.parse::<ModelConflictArg>().expect(text);
        let on = ApiFlags {
            conflict: Some(handler("auto-merge")),
            conflict_models: Some(vec![model("Order=lambda:settle-${env}")]),
            ..ApiFlags::default()
        };
        assert!(apply(&mut spec, &on));
        assert_eq!(spec.conflict, Some(Conflict::AutoMerge));
        assert_eq!(spec.conflict_models["Order"], Conflict::Lambda("settle-${env}".to_owned()));
        assert!(!apply(&mut spec, &ApiFlags::default()));
        assert!(apply(&mut spec, &ApiFlags { conflict: Some(handler("off")), ..ApiFlags::default() }));
        assert_eq!((spec.conflict, spec.conflict_models.len()), (None, 0));
    }

    #[test]
    fn flags_read_back_as_they_are_shown() {
        for text in ["off", "optimistic-concurrency", "lambda:merge"] {
            assert_eq!(text.parse::<ConflictArg>().expect(text).to_string(), text);
        }
        let text = "Order=auto-merge";
        assert_eq!(text.parse::<ModelConflictArg>().expect(text).to_string(), text);
        for wrong in ["Order", "=auto-merge", "Order=merge"] {
            assert!(wrong.parse::<ModelConflictArg>().is_err(), "{wrong}");
        }
    }
}
