//! The database of SQL models on the command line: `ENGINE:DATABASE`, and the cluster of each environment.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use crate::base::EnvName;
use crate::category::ApiSpec;
use crate::category::api::{DatabaseCluster, DatabaseEngine, DatabaseSpec};
use crate::cli::interview::Interview;
use crate::error::{Code, Diagnose, Hint};

/// The word for none.
const OFF: &str = "off";

/// Flags of the database.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SqlFlags {
    /// Database of SQL models, as `mysql:NAME` or `postgresql:NAME`, or `off`
    #[arg(long, value_name = "ENGINE:NAME")]
    sql: Option<SqlArg>,
    /// The models whose tables it holds, separated by commas; `all` for all of them
    #[arg(long, value_name = "MODELS", value_delimiter = ',')]
    sql_models: Option<Vec<String>>,
    /// Where it is in an environment, as ENV=CLUSTER_ARN,SECRET_ARN or ENV=off; may be given several times
    #[arg(long, value_name = "ENV=ARNS")]
    sql_cluster: Option<Vec<ClusterArg>>,
}

/// What a database speaks and its name, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SqlArg(Option<(DatabaseEngine, String)>);

impl FromStr for SqlArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == OFF {
            return Ok(Self(None));
        }
        let Some((engine, name)) = text.split_once(':') else {
            return Err(format!("`{}` is no ENGINE:NAME, for example `postgresql:shop`", text.escape_debug()));
        };
        let engine: DatabaseEngine = engine.parse()?;
        DatabaseSpec::new(engine, name).map_err(|error| error.to_string())?;
        Ok(Self(Some((engine, name.to_owned()))))
    }
}

impl fmt::Display for SqlArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((engine, name)) => write!(formatter, "{}:{name}", engine.name()),
            None => formatter.write_str(OFF),
        }
    }
}

/// The cluster of an environment, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ClusterArg {
    environment: EnvName,
    cluster: Option<DatabaseCluster>,
}

impl FromStr for ClusterArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What follows may be a secret by mistake, so it is not repeated.
        let Some((environment, arns)) = text.split_once('=') else {
            return Err("expected ENV=CLUSTER_ARN,SECRET_ARN, for example `prod=arn:aws:rds:…,arn:aws:…`".to_owned());
        };
        let environment = environment.parse::<EnvName>().map_err(|error| error.to_string())?;
        if arns == OFF {
            return Ok(Self { environment, cluster: None });
        }
        let Some((cluster, secret)) = arns.split_once(',') else {
            return Err("expected two ARNs with a comma between them: the cluster, then its secret".to_owned());
        };
        Ok(Self { environment, cluster: Some(DatabaseCluster::new(cluster, secret)?) })
    }
}

impl fmt::Display for ClusterArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cluster {
            Some(DatabaseCluster { cluster, secret }) => {
                write!(formatter, "{}={cluster},{secret}", self.environment)
            }
            None => write!(formatter, "{}={OFF}", self.environment),
        }
    }
}

/// Flags that say something of a database that is not there.
#[derive(Debug, thiserror::Error)]
#[error("the API has no SQL database, and `{0}` says more about it")]
pub(in crate::cli) struct NoDatabase(&'static str);

impl Diagnose for NoDatabase {
    fn code(&self) -> Code {
        Code::AMP0202
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("give `--sql postgresql:NAME` or `--sql mysql:NAME` as well")]
    }
}

/// Notes the flags for the command to copy.
pub(super) fn note(interview: &mut Interview<'_>, flags: &SqlFlags) {
    interview.given("sql", flags.sql.as_ref());
    interview.given("sql-models", flags.sql_models.as_ref().map(|models| models.join(",")));
    for cluster in flags.sql_cluster.iter().flatten() {
        interview.given("sql-cluster", Some(cluster));
    }
}

/// Lays the flags over settings; true when there were any.
pub(super) fn apply(spec: &mut ApiSpec, flags: &SqlFlags) -> bool {
    if let Some(SqlArg(wanted)) = &flags.sql {
        let fresh = wanted.as_ref().and_then(|(engine, name)| DatabaseSpec::new(*engine, name).ok());
        // Another name leaves the rest as it is.
        let known = spec.sql.take();
        spec.sql = fresh.map(|fresh| match known {
            Some(known) => DatabaseSpec { models: known.models, environments: known.environments, ..fresh },
            None => fresh,
        });
    }
    if let Some(database) = &mut spec.sql {
        if let Some(models) = &flags.sql_models {
            database.models = (models[..] != ["all"]).then(|| models.clone());
        }
        for ClusterArg { environment, cluster } in flags.sql_cluster.iter().flatten() {
            match cluster {
                Some(cluster) => {
                    database.environments.insert(environment.clone(), cluster.clone());
                }
                None => {
                    database.environments.shift_remove(environment);
                }
            }
        }
    }
    flags.sql.is_some() || flags.sql_models.is_some() || flags.sql_cluster.is_some()
}

/// Refuses flags about a database that settings do not have.
pub(in crate::cli) fn check(spec: &ApiSpec, flags: &SqlFlags) -> Result<(), NoDatabase> {
    let given = [("--sql-models", flags.sql_models.is_some()), ("--sql-cluster", flags.sql_cluster.is_some())];
    match given.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) if spec.sql.is_none() => Err(NoDatabase(flag)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ClusterArg, SqlArg, SqlFlags, apply, check};
    use crate::category::ApiSpec;

    const PROD: &str = "prod=arn:aws:rds:eu-west-1:111122223333:cluster:shop,\
                        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-a1B2c3";

    fn flags(sql: &str, models: Option<&[&str]>, clusters: &[&str]) -> SqlFlags {
        let clusters: Vec<ClusterArg> = clusters.iter().map(|text| text.parse().expect(text)).collect();
        SqlFlags {
            sql: Some(sql).filter(|text| !text.is_empty()).map(|text| text.parse().expect(text)),
            sql_models: models.map(|models| models.iter().map(|&model| model.to_owned()).collect()),
            sql_cluster: Some(clusters).filter(|clusters| !clusters.is_empty()),
        }
    }

    #[test]
    fn flags_name_a_database_and_take_it_away() {
        let mut spec = ApiSpec::default();
        assert!(!apply(&mut spec, &SqlFlags::default()));
        assert!(apply(&mut spec, &flags("postgresql:shop", Some(&["Order", "Line"]), &[PROD])));
        let before = spec.sql.clone().expect("there is a database");
        assert_eq!(before.models.as_deref(), Some(&["Order".to_owned(), "Line".to_owned()][..]));
        assert_eq!(before.environments.len(), 1);
        assert!(apply(&mut spec, &flags("mysql:other", None, &[])));
        let after = spec.sql.clone().expect("there is still a database");
        assert_eq!((&after.models, &after.environments), (&before.models, &before.environments));
        assert_ne!(after.engine, before.engine);
        assert!(apply(&mut spec, &flags("", Some(&["all"]), &["prod=off"])));
        let all = spec.sql.clone().expect("there is still a database");
        assert_eq!((all.models, all.environments.len()), (None, 0));
        assert!(apply(&mut spec, &flags("off", None, &[])) && spec.sql.is_none());
    }

    #[test]
    fn flags_about_a_database_need_one() {
        let without = ApiSpec::default();
        assert!(check(&without, &flags("", Some(&["Order"]), &[])).is_err());
        assert!(check(&without, &flags("", None, &[PROD])).is_err());
        assert!(check(&without, &SqlFlags::default()).is_ok());
    }

    #[test]
    fn flags_read_back_as_they_are_shown_and_never_show_a_secret() {
        for text in ["off", "mysql:shop", "postgresql:Shop_1"] {
            assert_eq!(text.parse::<SqlArg>().expect(text).to_string(), text);
        }
        for text in [PROD, "dev=off"] {
            assert_eq!(text.parse::<ClusterArg>().expect(text).to_string(), text);
        }
        for wrong in ["mysql", "oracle:shop", "mysql:", "mysql:a b"] {
            assert!(wrong.parse::<SqlArg>().is_err(), "{wrong}");
        }
        let cluster = "arn:aws:rds:eu-west-1:111122223333:cluster:shop";
        for wrong in ["hunter2", "prod=hunter2", &format!("prod={cluster},hunter2"), &format!("prod={cluster}")] {
            let error = wrong.parse::<ClusterArg>().expect_err(wrong);
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
