//! Discord: interactions by HTTP and by gateway, commands, cards and the edited reply.
