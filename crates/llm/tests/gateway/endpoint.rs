//! A user's own model server: where it may be, and that it never costs the operator anything.

use chassis::secret::Secret;
use llm::{Endpoint, LlmError, LlmSettings, ProviderKind, Request};
use testkit::fake_llm::{FakeLlm, Script};

use super::stage::{KEY, Stage, degraded_code, fake, request, settings, with_offline};

const OPENAI: ProviderKind = ProviderKind::OpenAi;

fn own(base_url: String) -> Request {
    let endpoint = Endpoint {
        kind: OPENAI,
        base_url,
        model: "my-model".to_owned(),
        api_key: Secret::new(KEY.to_owned()),
    };
    Request { endpoint: Some(endpoint), ..with_offline(request()) }
}

fn allowing(fakes: &[(ProviderKind, &FakeLlm)]) -> LlmSettings {
    LlmSettings { allow_private_endpoints: true, ..settings(fakes) }
}

#[tokio::test]
async fn private_addresses_and_names_that_lead_there_are_refused_before_a_byte_is_sent() {
    let (users, operators) = (fake(OPENAI).await, fake(OPENAI).await);
    let stage = Stage::new(settings(&[(OPENAI, &operators)])).await;
    let by_name = users.base_url().replace("127.0.0.1", "localhost");
    let by_number = users.base_url().replace("127.0.0.1", "2130706433");
    for address in [users.base_url(), by_name, by_number] {
        let end = stage.hear(own(address.clone())).await.end;
        assert!(matches!(end, Err(LlmError::PrivateEndpoint { .. })), "{address}: {end:?}");
    }
    assert_eq!((users.calls(), operators.calls()), (0, 0));
}

#[tokio::test]
async fn a_permitted_endpoint_answers_with_its_own_key_for_free() {
    let (users, operators) = (fake(OPENAI).await, fake(OPENAI).await);
    let stage = Stage::new(allowing(&[(OPENAI, &operators)])).await;
    let by_name = users.base_url().replace("127.0.0.1", "localhost");
    for address in [users.base_url(), by_name] {
        let reply = stage.hear(own(address)).await.end.unwrap();
        assert_eq!((reply.provider.as_str(), reply.model.as_str()), ("own", "my-model"));
        assert_eq!((reply.cost_microusd, reply.cached), (0, false));
    }
    assert_eq!((users.calls(), operators.calls()), (2, 0));
}

#[tokio::test]
async fn a_failing_endpoint_falls_to_the_offline_text_and_never_to_the_operators_keys() {
    let (users, operators) = (fake(OPENAI).await, fake(OPENAI).await);
    let stage = Stage::new(allowing(&[(OPENAI, &operators)])).await;
    for (script, code) in
        [(Script::status(401), "unauthorized"), (Script::Garbage(vec![0xff]), "invalid_reply")]
    {
        users.push(script);
        assert_eq!(degraded_code(&stage.hear(own(users.base_url())).await), code);
    }
    assert_eq!(operators.calls(), 0);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let fake = fake(OPENAI).await;
    let stage = Stage::new(allowing(&[])).await;
    fake.always(Script::Status { code: 307, body: "{}".to_owned(), retry_after: None });
    assert_eq!(degraded_code(&stage.hear(own(fake.base_url())).await), "invalid_reply");
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn an_endless_reply_is_cut_off() {
    let fake = fake(OPENAI).await;
    let settings = LlmSettings { max_reply_bytes: 1_000, ..allowing(&[]) };
    let stage = Stage::new(settings).await;
    fake.always(Script::Garbage(vec![b'x'; 8_000_000]));
    assert_eq!(degraded_code(&stage.hear(own(fake.base_url())).await), "reply_too_large");
    fake.always(Script::Status { code: 500, body: "x".repeat(8_000_000), retry_after: None });
    let code = degraded_code(&stage.hear(own(fake.base_url())).await);
    assert_eq!(code, "reply_too_large");
}
