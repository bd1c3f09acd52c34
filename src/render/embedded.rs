//! The table of our templates: name and text. A house test keeps it equal to the folder `templates/`.

/// `"auth/stack.yaml"` with the text of `templates/auth/stack.yaml.tera`.
macro_rules! templates {
    ($($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../templates/", $name, ".tera"))),)+]
    };
}

/// Every template, by its path below `templates/` without `.tera`; sorted.
pub const TEMPLATES: &[(&str, &str)] = templates! {
    "api/conversation/bedrock.mjs"
    "api/conversation/graphql.mjs"
    "api/conversation/history.mjs"
    "api/conversation/index.mjs"
    "api/conversation/resources.yaml"
    "api/models.yaml"
    "api/parts_resolvers.yaml"
    "api/parts_tables.yaml"
    "api/resolver/answers.js"
    "api/resolver/check_item.js"
    "api/resolver/conversation_step.js"
    "api/resolver/converse.js"
    "api/resolver/create.js"
    "api/resolver/delete.js"
    "api/resolver/denied.js"
    "api/resolver/field.js"
    "api/resolver/generate.js"
    "api/resolver/get.js"
    "api/resolver/latest.js"
    "api/resolver/list.js"
    "api/resolver/parts_access.js"
    "api/resolver/parts_allowed.js"
    "api/resolver/parts_changed.js"
    "api/resolver/parts_filter.js"
    "api/resolver/parts_guards.js"
    "api/resolver/parts_key.js"
    "api/resolver/parts_shown.js"
    "api/resolver/parts_sql_changed.js"
    "api/resolver/parts_sql_columns.js"
    "api/resolver/parts_sql_filter.js"
    "api/resolver/parts_sql_items.js"
    "api/resolver/parts_sql_key.js"
    "api/resolver/parts_sql_read.js"
    "api/resolver/parts_sql_run.js"
    "api/resolver/parts_sql_source.js"
    "api/resolver/parts_sql_stored.js"
    "api/resolver/parts_sql_values.js"
    "api/resolver/parts_write.js"
    "api/resolver/pipeline.js"
    "api/resolver/predict.js"
    "api/resolver/prediction.js"
    "api/resolver/related_one.js"
    "api/resolver/search.js"
    "api/resolver/sql_create.js"
    "api/resolver/sql_delete.js"
    "api/resolver/sql_get.js"
    "api/resolver/sql_list.js"
    "api/resolver/sql_related_one.js"
    "api/resolver/sql_statement.js"
    "api/resolver/sql_update.js"
    "api/resolver/subscribe.js"
    "api/resolver/sync.js"
    "api/resolver/update.js"
    "api/scaffold/blank.graphql"
    "api/scaffold/blog.graphql"
    "api/scaffold/todo.graphql"
    "api/search/parameters.yaml"
    "api/search/resources.yaml"
    "api/search/stream.js"
    "api/services/resources.yaml"
    "api/services/speech.js"
    "api/stack.yaml"
    "auth/stack.yaml"
    "hosting/scaffold/app.js"
    "hosting/scaffold/index.html"
    "hosting/scaffold/style.css"
    "hosting/stack.yaml"
    "hosting/viewer_request.js"
    "project/ampup.toml"
    "project/gitignore"
    "root/stack.yaml"
};

/// The text of one of our templates.
pub fn text(name: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
