//! Records in, spans and measurements of the `opentelemetry` crate out. Where they go is the application's choice.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer,
};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value, global};

use super::{Attribute, Instrument, InstrumentKind, Record, Span, TraceContext};

/// The name under which spans and instruments are made.
const SCOPE: &str = "clawrouters";

/// Where a router's spans and measurements go.
pub struct Export {
    tell: Box<dyn Fn(&Record) + Send + Sync>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}

impl Export {
    /// To the application's global providers, as they are now.
    pub fn global() -> Self {
        Self::new(global::tracer(SCOPE), &global::meter(SCOPE))
    }

    /// To this tracer and this meter.
    pub fn new<T>(tracer: T, meter: &Meter) -> Self
    where
        T: Tracer + Send + Sync + 'static,
    {
        let instruments = Instruments::new(meter);
        Self {
            tell: Box::new(move |record| {
                let parent = record.span.parent.as_ref().and_then(context);
                export(&tracer, &record.span, &parent.unwrap_or_default(), SpanKind::Client);
                instruments.record(record);
            }),
        }
    }

    pub(crate) fn tell(&self, record: &Record) {
        (self.tell)(record);
    }
}

/// The span that is running here, as `traceparent` and `tracestate`.
pub(crate) fn current_trace() -> Option<(String, Option<String>)> {
    let context = Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| {
        let parent = format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8());
        (parent, Some(span.trace_state().header()).filter(|state| !state.is_empty()))
    })
}

fn context(parent: &TraceContext) -> Option<Context> {
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let state = parent.state.as_deref().and_then(|s| TraceState::from_str(s).ok()).unwrap_or_default();
    let trace = TraceId::from_hex(&parent.trace_id).ok()?;
    let span = SpanId::from_hex(&parent.span_id).ok()?;
    Some(Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, true, state)))
}

fn export<T: Tracer>(tracer: &T, span: &Span, parent: &Context, kind: SpanKind) {
    let attributes = span.attributes.iter().map(|(name, value)| pair(name, value));
    let builder = SpanBuilder::from_name(span.name.clone())
        .with_kind(kind.clone())
        .with_start_time(moment(span.start_nanos))
        .with_attributes(attributes);
    let mut open = tracer.build_with_context(builder, parent);
    if let Some(error) = &span.error {
        open.set_status(Status::error(error.clone()));
    }
    let within = parent.with_remote_span_context(open.span_context().clone());
    for child in &span.children {
        export(tracer, child, &within, kind.clone());
    }
    open.end_with_timestamp(moment(span.end_nanos));
}

fn moment(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn pair(name: &'static str, value: &Attribute) -> KeyValue {
    let value = match value {
        Attribute::Text(text) => Value::String(StringValue::from(text.clone().into_owned())),
        Attribute::Whole(number) => Value::I64(*number),
        Attribute::Number(number) => Value::F64(*number),
        Attribute::Flag(flag) => Value::Bool(*flag),
        Attribute::Texts(texts) => Value::Array(Array::String(texts.iter().cloned().map(StringValue::from).collect())),
    };
    KeyValue::new(name, value)
}

enum Made {
    Counter(Counter<f64>),
    UpDownCounter(UpDownCounter<f64>),
    Histogram(Histogram<f64>),
}

struct Instruments(HashMap<&'static str, Made>);

impl Instruments {
    fn new(meter: &Meter) -> Self {
        let made = |i: &Instrument| match i.kind {
            InstrumentKind::Counter => {
                Made::Counter(meter.f64_counter(i.name).with_unit(i.unit).with_description(i.description).build())
            }
            InstrumentKind::UpDownCounter => Made::UpDownCounter(
                meter.f64_up_down_counter(i.name).with_unit(i.unit).with_description(i.description).build(),
            ),
            InstrumentKind::Histogram => Made::Histogram(
                meter
                    .f64_histogram(i.name)
                    .with_unit(i.unit)
                    .with_description(i.description)
                    .with_boundaries(i.boundaries.to_vec())
                    .build(),
            ),
        };
        Self(Instrument::ALL.iter().map(|i| (i.name, made(i))).collect())
    }

    fn record(&self, record: &Record) {
        for m in &record.measurements {
            let attributes: Vec<KeyValue> = m.attributes.iter().map(|(name, value)| pair(name, value)).collect();
            match self.0.get(m.instrument) {
                Some(Made::Counter(counter)) => counter.add(m.value, &attributes),
                Some(Made::UpDownCounter(counter)) => counter.add(m.value, &attributes),
                Some(Made::Histogram(histogram)) => histogram.record(m.value, &attributes),
                None => {}
            }
        }
    }
}
