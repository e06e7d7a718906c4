//! The bytes of an event stream in pieces of any size in; its events out. As plain as can be, to test against.

#[derive(Default)]
pub(in crate::provider) struct Splitter {
    buffer: Vec<u8>,
    name: String,
    data: Vec<String>,
}

impl Splitter {
    /// Takes a piece and gives the events that it completes, as name and data.
    pub(in crate::provider) fn push(&mut self, piece: &[u8]) -> Vec<(String, String)> {
        self.buffer.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            self.line(line.trim_end_matches(['\n', '\r']), &mut events);
        }
        events
    }

    /// The end of the bytes also ends an event.
    pub(in crate::provider) fn finish(mut self) -> Vec<(String, String)> {
        let mut events = Vec::new();
        let rest = String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned();
        self.line(&rest, &mut events);
        self.line("", &mut events);
        events
    }

    fn line(&mut self, line: &str, events: &mut Vec<(String, String)>) {
        if line.is_empty() {
            if !self.data.is_empty() {
                events.push((std::mem::take(&mut self.name), std::mem::take(&mut self.data).join("\n")));
            }
            self.name.clear();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.data.push(value.to_owned()),
            "event" => self.name = value.to_owned(),
            _ => {}
        }
    }
}
