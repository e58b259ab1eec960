//! Brings a reply to the person who asked, by whichever way is still open.

use std::time::Duration;

use super::{Api, ApiError};
use crate::discord::{message::Message, requests::ReplyTo};

/// An answer returned by the endpoint may still be on its way to Discord; until then the reply does not exist.
const SETTLING: Duration = Duration::from_secs(3);
/// How long to wait for it each time.
const SETTLE_PAUSE: Duration = Duration::from_millis(300);

/// Which way a reply took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It stands in the place of the deferral.
    Edited,
    /// The token was gone; it is a new message in the channel.
    Channel,
}

impl Api {
    /// Edits the reply; once its token is gone and the reply was public, posts to the channel instead, naming the
    /// person without notifying anybody. A 404 in the first seconds means that the deferral has not arrived at
    /// Discord yet and is waited for; later ones are final.
    pub async fn deliver(&self, reply: &ReplyTo, message: &Message) -> Result<Delivered, ApiError> {
        if reply.is_open(self.now_ms()) {
            match self.edit_settled(reply, message).await {
                Ok(()) => return Ok(Delivered::Edited),
                Err(error) if !error.is_token_gone() => return Err(error),
                Err(error) if !reply.is_public => return Err(error),
                Err(_) => {}
            }
        } else if !reply.is_public {
            return Err(ApiError::Refused {
                route: "edit_original",
                status: 404,
                code: 0,
                reason: "the interaction is over".to_owned(),
            });
        }
        let mut message = message.clone();
        if message.content.is_none() && !reply.user_id.is_empty() {
            message.content = Some(format!("<@{}>", reply.user_id));
        }
        self.create_message(&reply.channel_id, &message, &reply.interaction_id).await?;
        Ok(Delivered::Channel)
    }

    async fn edit_settled(&self, reply: &ReplyTo, message: &Message) -> Result<(), ApiError> {
        loop {
            let result = self.edit_original(&reply.application_id, &reply.token, message).await;
            match result {
                Err(ApiError::Refused { status: 404, .. }) if reply.age(self.now_ms()) < SETTLING => {
                    tokio::time::sleep(SETTLE_PAUSE).await;
                }
                result => return result,
            }
        }
    }

    fn now_ms(&self) -> i64 {
        self.0.clock.now().as_millisecond()
    }
}
