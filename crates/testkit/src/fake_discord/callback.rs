//! The first response to an interaction, by HTTP or as a callback: what fits which interaction, and its limits.

use serde_json::Value;

use super::{component, form::Form, payload};

/// What a response makes of the message of the interaction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// "Thinking", or an update to come later: `@original` may be edited from now on.
    Deferred,
    /// This is `@original` now.
    Shown(Value),
    /// Choices, a modal, a pong.
    Nothing,
}

/// Checks `{type, data}` as an answer to an interaction of `kind`.
pub(super) fn check(kind: u64, response: &Value, form: &mut Form) -> Effect {
    let response_type = response.get("type").and_then(Value::as_u64).unwrap_or(0);
    let fitting: &[u64] = match kind {
        1 => &[1],
        2 => &[4, 5, 9],
        3 => &[4, 5, 6, 7, 9],
        4 => &[8],
        5 => &[4, 5, 6, 7],
        _ => &[],
    };
    if !fitting.contains(&response_type) {
        form.within("type", |form| {
            form.fault("UNION_TYPE_CHOICES", format!("Value of field \"type\" must be one of {fitting:?}."));
        });
        return Effect::Nothing;
    }
    let nothing = Value::Null;
    let data = response.get("data").unwrap_or(&nothing);
    form.within("data", |form| match response_type {
        4 => {
            payload::check(data, false, form);
            Effect::Shown(data.clone())
        }
        5 => {
            let flags = data.get("flags").and_then(Value::as_u64).unwrap_or(0);
            if flags & !64 != 0 || data.get("content").is_some() || data.get("embeds").is_some() {
                form.fault(
                    "MESSAGE_FLAGS_INVALID",
                    "A deferral carries nothing but the flag of a private reply",
                );
            }
            Effect::Deferred
        }
        6 => Effect::Deferred,
        7 => {
            payload::check(data, true, form);
            Effect::Shown(data.clone())
        }
        8 => {
            if data.get("choices").is_none() {
                form.within("choices", Form::missing);
            }
            form.list(data, "choices", 25, |form, choice| {
                form.text(choice, "name", 1, 100);
                if choice.get("value").is_some_and(Value::is_string) {
                    form.text(choice, "value", 1, 100);
                } else if choice.get("value").is_none_or(|value| !value.is_number()) {
                    form.within("value", Form::missing);
                }
            });
            Effect::Nothing
        }
        9 => {
            form.text(data, "custom_id", 1, 100);
            form.text(data, "title", 1, 45);
            component::check_fields(data, form);
            Effect::Nothing
        }
        _ => Effect::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_response(kind: u64, response: &Value, expected: Result<Effect, &str>) {
        let mut form = Form::default();
        let effect = check(kind, response, &mut form);
        let error = form.into_error().map(|error| error.to_string());
        match (error, expected) {
            (None, Ok(expected)) if effect == expected => {}
            (Some(error), Err(part)) if error.contains(part) => {}
            (error, expected) => panic!("{error:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn each_interaction_has_its_fitting_responses() {
        let shown = json!({"content": "x", "allowed_mentions": {"parse": []}});
        check_response(1, &json!({"type": 1}), Ok(Effect::Nothing));
        check_response(1, &json!({"type": 5}), Err("must be one of [1]"));
        check_response(2, &json!({"type": 5}), Ok(Effect::Deferred));
        check_response(2, &json!({"type": 5, "data": {"flags": 64}}), Ok(Effect::Deferred));
        check_response(2, &json!({"type": 5, "data": {"content": "x"}}), Err("MESSAGE_FLAGS_INVALID"));
        check_response(2, &json!({"type": 6}), Err("must be one of"));
        check_response(2, &json!({"type": 4, "data": shown}), Ok(Effect::Shown(shown)));
        check_response(2, &json!({"type": 4, "data": {"content": "x"}}), Err("OUR_RULE"));
        check_response(3, &json!({"type": 6}), Ok(Effect::Deferred));
        check_response(
            4,
            &json!({"type": 8, "data": {"choices": [{"name": "n", "value": "v"}]}}),
            Ok(Effect::Nothing),
        );
        check_response(
            4,
            &json!({"type": 8, "data": {"choices": vec![json!({"name": "n", "value": 1}); 26]}}),
            Err("25"),
        );
        check_response(4, &json!({"type": 5}), Err("must be one of [8]"));
        let modal = |label: &str| {
            json!({"type": 9, "data": {"custom_id": "m", "title": "t", "components": [{"type": 1, "components": [
                {"type": 4, "custom_id": "f", "label": label, "style": 1}]}]}})
        };
        check_response(2, &modal("Riot ID"), Ok(Effect::Nothing));
        check_response(2, &modal(&"l".repeat(46)), Err("Must be 45"));
        check_response(5, &modal("Riot ID"), Err("must be one of"));
        check_response(2, &json!({"type": 9, "data": {"custom_id": "m", "title": "t"}}), Err("REQUIRED"));
    }
}
