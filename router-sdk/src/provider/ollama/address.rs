//! An address as users write it in; the address of `/api/chat`, and whether it is Ollama's cloud, out.

use crate::provider::Target;

/// The port that Ollama listens on where an address names none.
const PORT: &str = "11434";

/// Where chats are sent. `OLLAMA_HOST` may lack scheme and port, and addresses may end in `/v1` or `/api`.
pub(super) fn chat(base: &str) -> String {
    let base = base.trim_end_matches('/');
    let base = ["/v1", "/api"].iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base).trim_end_matches('/');
    if base.contains("://") {
        return format!("{base}/api/chat");
    }
    // What a server is told to listen on is no address to reach it at.
    let base = match base.strip_prefix("0.0.0.0") {
        Some(rest) => format!("127.0.0.1{rest}"),
        None => base.to_owned(),
    };
    let host = base.split('/').next().unwrap_or_default();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    if has_port || base.contains('/') {
        format!("http://{base}/api/chat")
    } else {
        format!("http://{base}:{PORT}/api/chat")
    }
}

/// Whether the model runs in Ollama's cloud, where every model has its whole window.
pub(super) fn in_cloud(target: &Target) -> bool {
    let base = target.deployment.base_url.as_str();
    let host = base.split_once("://").map_or(base, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    let id = target.model.id.as_str();
    host == "ollama.com" || host.ends_with(".ollama.com") || id.ends_with("-cloud") || id.ends_with(":cloud")
}
