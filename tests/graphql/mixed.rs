//! Rules where several things meet: composite keys, join models, types of the user's own, interfaces, unions, other names.

use std::sync::Arc;

use serde_json::{Value, json};

use super::town::{Charter, Kept, Town, assert_refused, assert_refused_whole, errors, town};

static TOWN: Kept = Kept::new(std::sync::Weak::new());

const SCHEMA: &str = r#"
interface Thing { id: ID! name: String }
union Found = Book | Film
type Shop @model @auth(rules: [{ allow: private }]) {
  city: ID! @primaryKey(sortKeyFields: ["street", "number"])
  street: String!
  number: Int!
  goods: [Good] @hasMany
  sign: Sign @hasOne
}
type Good @model @auth(rules: [{ allow: owner }]) {
  id: ID!
  name: String
  shop: Shop @belongsTo
}
type Sign @model @auth(rules: [{ allow: groups, groups: ["Staff"] }]) { id: ID! text: String }
type Post @model @auth(rules: [{ allow: owner }, { allow: public, operations: [read] }]) {
  id: ID!
  title: String
  tags: [Tag] @manyToMany(relationName: "PostTags")
}
type Tag @model @auth(rules: [{ allow: private }]) {
  id: ID!
  label: String
  posts: [Post] @manyToMany(relationName: "PostTags")
}
type Book implements Thing @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String
  price: Int @auth(rules: [{ allow: groups, groups: ["Staff"] }])
}
type Film implements Thing { id: ID! name: String budget: Int @auth(rules: [{ allow: groups, groups: ["Staff"] }]) }
type Weather { wind: Int @auth(rules: [{ allow: groups, groups: ["Staff"] }]) rain: Int at: Place }
type Place { town: String }
type Query {
  find: [Found] @auth(rules: [{ allow: private }])
  any: [Thing] @auth(rules: [{ allow: private }])
  weather: Weather @auth(rules: [{ allow: private }, { allow: public }])
  staff: String @auth(rules: [{ allow: groups, groups: ["Staff"] }])
}
type Mutation {
  shout(text: String!): String @auth(rules: [{ allow: groups, groups: ["Staff"] }])
  whisper(text: String!): String @auth(rules: [{ allow: private }])
}
type Subscription {
  heard: String @aws_subscribe(mutations: ["whisper"]) @auth(rules: [{ allow: groups, groups: ["Staff"] }])
  overheard: String @aws_subscribe(mutations: ["whisper"]) @auth(rules: [{ allow: private }, { allow: public }])
}
type User @model @auth(rules: [{ allow: owner, ownerField: "sub", identityClaim: "sub" }]) {
  sub: ID! @primaryKey
  name: String
}
"#;

const FIND: &str = "export const request = () => ({ payload: null });
export const response = () => [
  { __typename: 'Book', id: 'b', name: 'B', price: 3 },
  { __typename: 'Film', id: 'f', name: 'F', budget: 4 },
];
";

const WEATHER: &str = "export const request = () => ({ payload: null });
export const response = () => ({ wind: 1, rain: 2, at: { town: 't' } });
";

const SAY: &str = "export const request = (ctx) => ({ payload: ctx.args.text ?? 'said' });
export const response = (ctx) => ctx.result;
";

fn here() -> Arc<Town> {
    let people: &[(&str, &[&str])] = &[("ada", &[]), ("bob", &[]), ("zoe", &["Staff"])];
    let files: &[(&str, &str)] = &[
        ("resolvers/Query.find.js", FIND),
        ("resolvers/Query.any.js", FIND),
        ("resolvers/Query.weather.js", WEATHER),
        ("resolvers/Query.staff.js", SAY),
        ("resolvers/Mutation.shout.js", SAY),
        ("resolvers/Mutation.whisper.js", SAY),
    ];
    let ways: (&str, &[&str]) = ("user-pool", &["api-key"]);
    town(&TOWN, Charter { schema: SCHEMA, ways, people, files, ..Charter::default() })
}

#[test]
fn relations_by_keys_of_several_parts() {
    let town = here();
    for number in [1, 2] {
        let shop = json!({ "city": "x", "street": "high", "number": number, "shopSignId": "x" });
        town.write("ada", "createShop", &shop, "city");
    }
    town.write("zoe", "createSign", &json!({ "id": "x", "text": "open" }), "id");
    for (who, id, number) in [("ada", "x-a", 1), ("bob", "x-b", 1), ("ada", "x-c", 2)] {
        let good = json!({ "id": id, "shopGoodsCity": "x", "shopGoodsStreet": "high", "shopGoodsNumber": number });
        town.write(who, "createGood", &good, "id");
    }
    // Half a key leads nowhere.
    town.write("ada", "createGood", &json!({ "id": "x-half", "shopGoodsCity": "x" }), "id");
    let shop = "getShop(city: \"x\", street: \"high\", number: 1)";
    let goods = format!("{{ {shop} {{ goods {{ items {{ id shop {{ number }} }} }} }} }}");
    let own = |id: &str| json!({ "goods": { "items": [{ "id": id, "shop": { "number": 1 } }] } });
    assert_eq!(town.value("ada", &goods, &Value::Null), own("x-a"));
    assert_eq!(town.value("bob", &goods, &Value::Null), own("x-b"));
    assert_eq!(town.value("zoe", &goods, &Value::Null), json!({ "goods": { "items": [] } }));
    let half = town.value("ada", "{ getGood(id: \"x-half\") { id shop { number } } }", &Value::Null);
    assert_eq!(half, json!({ "id": "x-half", "shop": null }));
    let sign = format!("{{ {shop} {{ number sign {{ text }} }} }}");
    assert_eq!(town.value("zoe", &sign, &Value::Null), json!({ "number": 1, "sign": { "text": "open" } }));
    let data = json!({ "getShop": { "number": 1, "sign": null } });
    assert_refused(&town.ask("ada", &sign, &Value::Null), &data, &[(json!(["getShop", "sign"]), "Shop")]);
}

#[test]
fn join_models_have_the_rules_of_both_sides() {
    let town = here();
    town.write("ada", "createPost", &json!({ "id": "j", "title": "P" }), "id");
    town.write("bob", "createTag", &json!({ "id": "j", "label": "T" }), "id");
    // Neither side may be null, so a mutation gives both.
    let join = json!({ "id": "j", "postId": "j", "tagId": "j" });
    let made = town.write("ada", "createPostTags", &join, "id post { title } tag { label }");
    assert_eq!(made, json!({ "id": "j", "post": { "title": "P" }, "tag": { "label": "T" } }));
    let query = "{ getPost(id: \"j\") { title tags { items { id tag { label } } } } }";
    let found = |tag: Value| json!({ "title": "P", "tags": { "items": [{ "id": "j", "tag": tag }] } });
    assert_eq!(town.value("ada", query, &Value::Null), found(json!({ "label": "T" })));
    // Whoever comes by the key reads posts and joins, and no tags. A join is nothing without both of its sides.
    let gone = |field: &str, of: &str| (json!([field, of, "items", 0, &of[..of.len() - 1]]), "PostTags");
    let without = json!({ "getPost": { "title": "P", "tags": { "items": [null] } } });
    assert_refused(&town.ask("key", query, &Value::Null), &without, &[gone("getPost", "tags")]);
    let back = "{ getTag(id: \"j\") { posts { items { post { title } } } } }";
    let others = json!({ "getTag": { "posts": { "items": [null] } } });
    assert_refused(&town.ask("bob", back, &Value::Null), &others, &[gone("getTag", "posts")]);
    assert_eq!(town.value("ada", back, &Value::Null), json!({ "posts": { "items": [{ "post": { "title": "P" } }] } }));
    assert_refused_whole(&town.ask("key", back, &Value::Null), "getTag", "Query");
    assert!(!town.admits("key", "mutation { createPostTags(input: { postId: \"j\", tagId: \"j\" }) { id } }"));
}

#[test]
fn fields_keep_their_rules_behind_interfaces_and_unions() {
    let town = here();
    let find = "{ find { __typename ... on Book { id price } ... on Film { id budget } } }";
    let book = |price: Value| json!({ "__typename": "Book", "id": "b", "price": price });
    let film = |budget: Value| json!({ "__typename": "Film", "id": "f", "budget": budget });
    assert_eq!(town.value("zoe", find, &Value::Null), json!([book(json!(3)), film(json!(4))]));
    let answer = town.ask("ada", find, &Value::Null);
    let refused = [(json!(["find", 0, "price"]), "Book"), (json!(["find", 1, "budget"]), "Film")];
    assert_refused(&answer, &json!({ "find": [book(Value::Null), film(Value::Null)] }), &refused);
    // Nor do other names and fragments within fragments help.
    let any = "query { any { ...A } } fragment A on Thing { id ...B } fragment B on Book { cost: price more: price }";
    let answer = town.ask("ada", any, &Value::Null);
    assert_eq!(answer["data"]["any"], json!([{ "id": "b", "cost": null, "more": null }, { "id": "f" }]), "{answer}");
    let mut paths: Vec<String> = errors(&answer).iter().map(|error| error["path"].to_string()).collect();
    paths.sort();
    assert_eq!(paths, ["[\"any\",0,\"cost\"]", "[\"any\",0,\"more\"]"]);
    assert_refused_whole(&town.ask("key", "{ find { __typename } }", &Value::Null), "find", "Query");
}

#[test]
fn rules_of_own_fields_and_of_types_that_are_no_models() {
    let town = here();
    let query = "{ weather { wind rain at { town } } }";
    let found = |wind: Value| json!({ "weather": { "wind": wind, "rain": 2, "at": { "town": "t" } } });
    assert_eq!(town.ask("zoe", query, &Value::Null), json!({ "data": found(json!(1)) }));
    let at = |field: &str| (json!(["weather", field]), "Weather");
    assert_refused(&town.ask("ada", query, &Value::Null), &found(Value::Null), &[at("wind")]);
    let nothing = json!({ "weather": { "wind": null, "rain": null, "at": null } });
    assert_refused(&town.ask("key", query, &Value::Null), &nothing, &[at("wind"), at("rain"), at("at")]);
    // What is not asked for is not refused.
    let skipped = "query($no: Boolean!) { weather { rain wind @include(if: $no) w: wind @skip(if: true) } }";
    let answer = town.ask("ada", skipped, &json!({ "no": false }));
    assert_eq!(answer, json!({ "data": { "weather": { "rain": 2 } } }));
    let shout = "mutation { shout(text: \"hey\") }";
    assert_eq!(town.ask("zoe", shout, &Value::Null), json!({ "data": { "shout": "hey" } }));
    assert_eq!(town.ask("zoe", "{ staff }", &Value::Null), json!({ "data": { "staff": "said" } }));
    for who in ["ada", "key"] {
        assert_refused_whole(&town.ask(who, shout, &Value::Null), "shout", "Mutation");
        assert_refused_whole(&town.ask(who, "{ staff }", &Value::Null), "staff", "Query");
    }
}

#[test]
fn each_name_for_a_field_is_answered_by_itself() {
    let town = here();
    town.write("ada", "createGood", &json!({ "id": "n-a", "name": "a" }), "id");
    town.write("bob", "createGood", &json!({ "id": "n-b", "name": "b" }), "id");
    let query =
        "{ one: getGood(id: \"n-a\") { name } two: getGood(id: \"n-b\") { name } none: getGood(id: \"n\") { name } }";
    for (who, data, refused) in [
        ("ada", json!({ "one": { "name": "a" }, "two": null, "none": null }), "two"),
        ("bob", json!({ "one": null, "two": { "name": "b" }, "none": null }), "one"),
    ] {
        let answer = town.ask(who, query, &Value::Null);
        assert_eq!(answer["data"], data, "{who}: {answer}");
        let found = errors(&answer);
        assert_eq!((found.len(), &found[0]["path"]), (1, &json!([refused])), "{who}: {answer}");
        assert_eq!(found[0]["message"], "Not Authorized to access getGood on type Query");
    }
    // Mutations are done one after the other, and one that is refused stops none.
    let twice = "mutation { a: updateGood(input: { id: \"n-b\", name: \"x\" }) { name } b: updateGood(input: { id: \"n-a\", name: \"y\" }) { name } }";
    let answer = town.ask("ada", twice, &Value::Null);
    assert_eq!(answer["data"], json!({ "a": null, "b": { "name": "y" } }), "{answer}");
    // Another's id may be guessed: nothing of the item is told.
    let taken = town.try_write("ada", "createGood", &json!({ "id": "n-b", "name": "mine" }), "name");
    let found = errors(&taken);
    assert_eq!(found[0]["errorType"], "DynamoDB:ConditionalCheckFailedException", "{taken}");
    assert_eq!(found[0]["data"], Value::Null, "{taken}");
    assert_eq!(town.stored("Good", "n-b", "name"), json!({ "S": "b" }));
}

#[test]
fn a_key_that_is_the_owner() {
    let town = here();
    let (ada, bob) = (town.person("ada").sub.clone(), town.person("bob").sub.clone());
    town.write("ada", "createUser", &json!({ "sub": ada, "name": "Ada" }), "sub");
    assert_refused_whole(&town.try_write("ada", "createUser", &json!({ "sub": bob }), "sub"), "createUser", "Mutation");
    town.write("bob", "createUser", &json!({ "sub": bob, "name": "Bob" }), "sub");
    for (who, own, other, name) in [("ada", &ada, &bob, "Ada"), ("bob", &bob, &ada, "Bob")] {
        let get = |sub: &str| town.ask(who, &format!("{{ getUser(sub: {sub:?}) {{ name }} }}"), &Value::Null);
        assert_eq!(get(own), json!({ "data": { "getUser": { "name": name } } }));
        assert_refused_whole(&get(other), "getUser", "Query");
        let list = town.value(who, "{ listUsers { items { name } } }", &Value::Null);
        assert_eq!(list["items"], json!([{ "name": name }]));
        let one =
            |sub: &str| town.ask(who, &format!("{{ listUsers(sub: {sub:?}) {{ items {{ name }} }} }}"), &Value::Null);
        assert_eq!(one(own)["data"]["listUsers"]["items"], json!([{ "name": name }]));
        assert_refused_whole(&one(other), "listUsers", "Query");
    }
}

#[test]
fn subscriptions_of_the_users_own() {
    let town = here();
    let begin = |who: &str, field: &str| town.listen(who, &format!("subscription {{ {field} }}"), &json!({}));
    let mut sockets = vec![begin("zoe", "heard").unwrap()];
    sockets.extend(["ada", "key"].map(|who| begin(who, "overheard").unwrap()));
    for who in ["ada", "key"] {
        let error = begin(who, "heard").err().unwrap_or_else(|| panic!("{who} listens"));
        let message = "Not Authorized to access heard on type Subscription";
        assert_eq!((&error["errorType"], &error["message"]), (&json!("Unauthorized"), &json!(message)), "{error}");
    }
    town.value("ada", "mutation { whisper(text: \"hey\") }", &Value::Null);
    let heard: Vec<Vec<Value>> = sockets.iter_mut().map(crate::support::socket::Socket::stop).collect();
    assert_eq!(heard[0], [json!({ "data": { "heard": "hey" } })]);
    for other in &heard[1..] {
        assert_eq!(*other, [json!({ "data": { "overheard": "hey" } })]);
    }
}
