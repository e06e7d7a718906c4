//! The caller's span: a `traceparent` header as W3C writes it in, its parts out.

/// The span that a request belongs to, in the caller's trace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceContext {
    /// The trace, 32 digits of hexadecimal.
    pub trace_id: String,
    /// The span, 16 digits of hexadecimal.
    pub span_id: String,
    /// Whether the caller records it.
    pub sampled: bool,
    /// What tracing systems add.
    pub state: Option<String>,
}

impl TraceContext {
    /// Reads a `traceparent`; nothing when it is none, which W3C has readers pass over.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let zero = |part: &str| part.bytes().all(|b| b == b'0');
        let known = version == "00" && parts.next().is_none();
        if !hex(version, 2) || version == "ff" || !(known || version != "00") {
            return None;
        }
        if !hex(trace, 32) || zero(trace) || !hex(span, 16) || zero(span) || !hex(flags, 2) {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        let state = tracestate.map(str::trim).filter(|state| !state.is_empty() && state.len() <= 512);
        Some(Self {
            trace_id: trace.to_owned(),
            span_id: span.to_owned(),
            sampled: flags & 1 == 1,
            state: state.map(str::to_owned),
        })
    }
}
