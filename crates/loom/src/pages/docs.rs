//! The API as a plain page, from the OpenAPI document: no script of anybody's.

use axum::Extension;
use chassis::problem::Problem;
use maud::{Markup, html};
use serde_json::{Map, Value};
use ui::{Language, PageShell, Viewer};

use super::{Place, shell, text};
use crate::{auth::Caller, routes::openapi_json};

/// `GET /docs`.
pub(super) async fn show(Extension(caller): Extension<Caller>, viewer: Viewer) -> Result<Markup, Problem> {
    let document: Value =
        openapi_json().and_then(|text| serde_json::from_str(&text)).map_err(Problem::internal)?;
    let language = viewer.language;
    let title = text(language, "docs-title");
    let body = html! {
        div.page-head {
            div {
                p.kicker { (document["info"]["title"].as_str().unwrap_or_default()) " "
                    (document["info"]["version"].as_str().unwrap_or_default()) }
                h1 { (title) }
            }
            div.actions { a.btn href="/api/openapi.json" { "openapi.json" } }
        }
        p.lead lang="en" { (inline(&document["info"]["description"])) }
        (content(language, &document))
    };
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Elsewhere, title, body) }.render())
}

/// A description, whose Markdown goes no further than code spans.
fn inline(description: &Value) -> Markup {
    let parts = description.as_str().unwrap_or_default().split('`').enumerate();
    html! { @for (index, part) in parts { @if index % 2 == 1 { code { (part) } } @else { (part) } } }
}

struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn tag(&self) -> &str {
        self.value["tags"][0].as_str().unwrap_or("other")
    }
}

/// Operations in the order of their tags and paths, then the shapes that they speak of.
fn content(language: Language, document: &Value) -> Markup {
    let empty = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    let operations: Vec<Operation<'_>> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.filter(|(_, value)| value.is_object()).map(|(method, value)| Operation {
                method,
                path,
                value,
            })
        })
        .collect();
    let mut tags: Vec<&str> = operations.iter().map(Operation::tag).collect();
    tags.sort_unstable();
    tags.dedup();
    let schemas = document["components"]["schemas"].as_object().unwrap_or(&empty);
    html! {
        @for tag in tags {
            section {
                h2 { (tag) }
                @for it in operations.iter().filter(|it| it.tag() == tag) { (operation(language, it)) }
            }
        }
        section {
            h2 { (text(language, "docs-shapes")) }
            @for (name, schema) in schemas { (shape(language, name, schema)) }
        }
    }
}

fn operation(language: Language, operation: &Operation<'_>) -> Markup {
    let value = operation.value;
    let words = |key: &str| value[key].as_str().unwrap_or_default();
    let body = &value["requestBody"]["content"];
    html! {
        details.more.operation {
            summary {
                span {
                    code.method { (operation.method.to_uppercase()) } " " code { (operation.path) }
                    span.soft lang="en" { (words("summary")) }
                }
            }
            div.operation-body lang="en" {
                @if words("description") != words("summary") { p { (inline(&value["description"])) } }
                (parameters(language, value))
                dl.facts {
                    @if let Some(shape) = content_shape(body) {
                        dt { (text(language, "docs-body")) } dd { (shape_link(&shape)) }
                    }
                    @for (status, response) in value["responses"].as_object().into_iter().flatten() {
                        dt { (status) }
                        dd {
                            @if let Some(shape) = content_shape(&response["content"]) { (shape_link(&shape)) " " }
                            (inline(&response["description"]))
                        }
                    }
                }
            }
        }
    }
}

fn parameters(language: Language, operation: &Value) -> Markup {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    html! {
        @if !parameters.is_empty() {
            dl.facts {
                @for parameter in parameters {
                    dt { code { (parameter["name"].as_str().unwrap_or_default()) } }
                    dd {
                        (parameter["in"].as_str().unwrap_or_default())
                        @if parameter["required"] != true { " · " (text(language, "docs-optional")) }
                        @if parameter["description"].is_string() { " · " (inline(&parameter["description"])) }
                    }
                }
            }
        }
    }
}

fn content_shape(content: &Value) -> Option<String> {
    content.as_object()?.values().next().map(|media| type_name(&media["schema"]))
}

/// What a schema is called: the shape it refers to, or its plain type.
fn type_name(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return name.to_owned();
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema[key].as_array() {
            return choices
                .iter()
                .map(type_name)
                .filter(|name| name != "null")
                .collect::<Vec<_>>()
                .join(" | ");
        }
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("{}[]", type_name(&schema["items"])),
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .collect::<Vec<_>>()
            .join(" | "),
        _ => "object".to_owned(),
    }
}

fn shape_link(name: &str) -> Markup {
    let plain = name.trim_end_matches("[]");
    html! {
        @if plain.starts_with(char::is_uppercase) && !plain.contains(' ') {
            a href=(format!("#shape-{plain}")) { code { (name) } }
        } @else { code { (name) } }
    }
}

fn shape(language: Language, name: &str, schema: &Value) -> Markup {
    let required =
        |field: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == field));
    html! {
        details.more.shape lang="en" {
            summary { code { (name) } }
            @if schema["description"].is_string() { p.soft { (inline(&schema["description"])) } }
            // A link to a place inside opens what it is inside of.
            dl.facts id=(format!("shape-{name}")) {
                @for (field, value) in schema["properties"].as_object().into_iter().flatten() {
                    dt { code { (field) } }
                    dd {
                        (shape_link(&type_name(value)))
                        @if !required(field) { " · " (text(language, "docs-optional")) }
                        @if value["description"].is_string() { " · " (inline(&value["description"])) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_shape_of_the_document_is_shown() {
        let document: Value = serde_json::from_str(&openapi_json().unwrap()).unwrap();
        let page = content(Language::En, &document).into_string();
        let mut seen = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
            seen += methods.as_object().unwrap().len();
        }
        assert!(seen > 25, "{seen} operations");
        assert_eq!(page.matches("class=\"more operation\"").count(), seen);
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"shape-{name}\"")), "{name}");
        }
    }

    #[test]
    fn types_are_named_as_a_reader_says_them() {
        let check = |schema: Value, expected: &str| assert_eq!(type_name(&schema), expected, "{schema}");
        check(serde_json::json!({ "$ref": "#/components/schemas/TurnView" }), "TurnView");
        check(serde_json::json!({ "type": "array", "items": { "$ref": "#/a/TurnView" } }), "TurnView[]");
        check(serde_json::json!({ "type": ["string", "null"] }), "string");
        check(serde_json::json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/a/B" }] }), "B");
        check(serde_json::json!({}), "object");
    }
}
