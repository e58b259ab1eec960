//! Which messages and variables a file defines, and how two languages differ in them.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};

use crate::locale::Language;

/// Message ids (attributes as `id.name`) with the variables they use.
pub(super) type Outline = BTreeMap<String, BTreeSet<String>>;

pub(super) fn outline(resource: &FluentResource) -> Outline {
    let mut outline = Outline::new();
    for entry in resource.entries() {
        let Entry::Message(message) = entry else { continue };
        if let Some(value) = &message.value {
            outline.insert(message.id.name.to_owned(), variables(value));
        }
        for attribute in &message.attributes {
            outline.insert(format!("{}.{}", message.id.name, attribute.id.name), variables(&attribute.value));
        }
    }
    outline
}

pub(super) fn differences(first: Language, left: &Outline, second: Language, right: &Outline) -> Vec<String> {
    let ids: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    ids.into_iter()
        .filter_map(|id| match (left.get(id), right.get(id)) {
            (None, _) => Some(format!("{id} is missing in {first}")),
            (_, None) => Some(format!("{id} is missing in {second}")),
            (Some(here), Some(there)) if here != there => Some(format!(
                "{id}: variables differ: {first} uses {}, {second} uses {}",
                listed(here),
                listed(there)
            )),
            _ => None,
        })
        .collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!("[{}]", names.join(", "))
}

fn variables(pattern: &Pattern<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    in_pattern(pattern, &mut found);
    found
}

fn in_pattern(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            in_expression(expression, found);
        }
    }
}

fn in_expression(expression: &Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, found),
        Expression::Select { selector, variants } => {
            in_inline(selector, found);
            for variant in variants {
                in_pattern(&variant.value, found);
            }
        }
    }
}

fn in_inline(inline: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => in_arguments(arguments, found),
        InlineExpression::TermReference { arguments: Some(arguments), .. } => in_arguments(arguments, found),
        InlineExpression::Placeable { expression } => in_expression(expression, found),
        _ => {}
    }
}

fn in_arguments(arguments: &CallArguments<&str>, found: &mut BTreeSet<String>) {
    for argument in &arguments.positional {
        in_inline(argument, found);
    }
    for argument in &arguments.named {
        in_inline(&argument.value, found);
    }
}
