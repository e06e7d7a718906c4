//! Requests off the wire: a stream in, one HTTP/1.1 request with its body out.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MOST_HEADERS: usize = 128;
const MOST_HEAD_BYTES: usize = 256 * 1024;

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The body as JSON, or as a string where it is not.
    pub(crate) fn json_or_text(&self) -> Value {
        let text = || Value::from(String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap_or_else(|_| text())
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Reads the next request; `inbound` holds bytes that came before their time.
///
/// `None` is a sender that closed between requests.
pub(crate) async fn read(stream: &mut TcpStream, inbound: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let (mut request, head) = loop {
        if let Some(found) = head(inbound)? {
            break found;
        }
        if inbound.len() > MOST_HEAD_BYTES {
            return Err(invalid("the head of the request is too long"));
        }
        if stream.read_buf(inbound).await? == 0 {
            return if inbound.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    };
    inbound.drain(..head);
    if request.header("expect").eq_ignore_ascii_case("100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    request.body = if request.header("transfer-encoding").contains("chunked") {
        chunked(stream, inbound).await?
    } else {
        let length = request.header("content-length");
        let length = if length.is_empty() { Ok(0) } else { length.parse() };
        let length = length.map_err(|_| invalid("content-length is not a number"))?;
        exactly(stream, inbound, length).await?
    };
    Ok(Some(request))
}

fn head(inbound: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed.parse(inbound).map_err(|error| invalid(&error.to_string()))?;
    let httparse::Status::Complete(length) = status else {
        return Ok(None);
    };
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: BTreeMap::new(),
        body: Vec::new(),
    };
    for header in parsed.headers {
        let value = String::from_utf8_lossy(header.value).into_owned();
        let known = request.headers.entry(header.name.to_ascii_lowercase());
        known.and_modify(|all| *all = format!("{all}, {value}")).or_insert(value);
    }
    Ok(Some((request, length)))
}

async fn exactly(stream: &mut TcpStream, inbound: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while inbound.len() < length {
        more(stream, inbound).await?;
    }
    Ok(inbound.drain(..length).collect())
}

async fn chunked(stream: &mut TcpStream, inbound: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(stream, inbound).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| invalid("not a chunk size"))?;
        if size == 0 {
            while !self::line(stream, inbound).await?.is_empty() {}
            return Ok(body);
        }
        body.extend(exactly(stream, inbound, size).await?);
        exactly(stream, inbound, 2).await?;
    }
}

async fn line(stream: &mut TcpStream, inbound: &mut Vec<u8>) -> io::Result<String> {
    loop {
        if let Some(end) = inbound.windows(2).position(|pair| pair == b"\r\n") {
            let line = String::from_utf8_lossy(&inbound[..end]).into_owned();
            inbound.drain(..end + 2);
            return Ok(line);
        }
        more(stream, inbound).await?;
    }
}

async fn more(stream: &mut TcpStream, inbound: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(inbound).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn invalid(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words.to_owned())
}
