use super::{joined, pieces};
use crate::category::api::sql::{SqlArgument, SqlEngine, SqlResult, SqlStatement};

fn statement(engine: SqlEngine, text: &str) -> SqlStatement {
    let argument = |name: &str, type_name: &str, list| SqlArgument {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        list,
    };
    SqlStatement {
        engine,
        text: text.to_owned(),
        arguments: vec![argument("id", "ID", false), argument("at", "AWSDateTime", false), argument("l", "Int", true)],
        result: SqlResult { list: true, rows: true, fields: Vec::new() },
        sandbox: false,
        any_signer: false,
    }
}

#[test]
fn arguments_are_found_outside_of_texts_names_and_comments() {
    let both = [SqlEngine::MySql, SqlEngine::Postgres];
    let cases: [(&[SqlEngine], &str, &str); 12] = [
        (&both, "select :id", "'select :id'"),
        (&both, "select :idx, :none", "'select :idx, :none'"),
        (&both, "select ':l'", "'select \\':l\\''"),
        (&both, "select 'it''s :l'", "'select \\'it\\'\\'s :l\\''"),
        (&both, "select \":l\" -- :l\n, :id", "'select \":l\" -- :l\\n, :id'"),
        (&both, "select 1 /* :l */", "'select 1 /* :l */'"),
        (&both, "x in (:l)", "['x in (', elements(request, ':l', ctx.args.l), ')'].join('')"),
        (&both, "x in (:l", "['x in (', elements(request, ':l', ctx.args.l), ''].join('')"),
        (&[SqlEngine::Postgres], "select x::l, :id::text", "'select x::l, :id::text'"),
        (&[SqlEngine::Postgres], "select $q$ :l $q$", "'select $q$ :l $q$'"),
        (&[SqlEngine::MySql], "select 'a\\':l'", "'select \\'a\\\\\\':l\\''"),
        (&[SqlEngine::MySql], "select 1 # :l", "'select 1 # :l'"),
    ];
    for (engines, sql, wanted) in cases {
        for engine in engines {
            assert_eq!(joined(&pieces(&statement(*engine, sql))), wanted, "{engine:?}: {sql}");
        }
    }
}
