//! Values in, the page out: style, scripts and values inlined, anything else forbidden to it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const LIBRARY_STYLE: &str = include_str!("vendor/uPlot.min.css");
const LIBRARY: &str = include_str!("vendor/uPlot.iife.min.js");
/// Goes where the library goes.
const LIBRARY_LICENCE: &str = include_str!("vendor/LICENSE");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const BODY: &str = include_str!("page.html");

/// The page.
pub(super) fn page(data: &Value) -> String {
    let style = format!("{LIBRARY_STYLE}\n{STYLE}");
    let policy = format!(
        "default-src 'none'; script-src '{}' '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(LIBRARY),
        hash(SCRIPT),
        hash(&style),
    );
    // Names of models, tags and keys are anybody's text: without `<` they cannot end the element that holds them.
    let values = data.to_string().replace('<', "\\u003c");
    [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"",
        &policy,
        "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n",
        "<title>ClawRouters report</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>",
        &style,
        "</style>\n</head>\n<body>\n",
        BODY,
        "<script type=\"application/json\" id=\"values\">",
        &values,
        "</script>\n<!-- uPlot, https://github.com/leeoniya/uPlot\n\n",
        LIBRARY_LICENCE,
        "-->\n<script>",
        LIBRARY,
        "</script>\n<script>",
        SCRIPT,
        "</script>\n</body>\n</html>\n",
    ]
    .concat()
}

fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest.as_ref()))
}
