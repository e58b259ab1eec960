//! What form of answer a client prefers.

use axum::http::{HeaderMap, header::ACCEPT};

/// Whether the client names `text/html` and ranks it no lower than JSON, as browsers do when they open a page. A
/// wildcard alone is no wish for HTML.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json) = (0.0_f32, 0.0_f32);
    for value in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
        for part in value.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let essence = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let quality =
                pieces.find_map(|piece| piece.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            match essence.as_str() {
                "text/html" | "application/xhtml+xml" => html = html.max(quality),
                "application/json" | "application/problem+json" => json = json.max(quality),
                _ => {}
            }
        }
    }
    html > 0.0 && html >= json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &'static str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        assert_eq!(prefers_html(&headers), expected, "{accept}");
    }

    #[test]
    fn browsers_get_pages_and_programs_get_json() {
        check("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true);
        check("*/*", false);
        check("", false);
        check("application/json", false);
        check("application/json, text/html;q=0.5", false);
        check("application/json;q=0.5, TEXT/HTML", true);
        check("text/html;q=0", false);
        check("text/html;level=1;q=0.9, application/problem+json;q=0.8", true);
        check("text/html;q=banana", true);
    }
}
