//! The door's way in and out: a method, URL, headers and body in, a feed of one head and then body bytes out.

use bytes::Bytes;
use clawrouters::{Endpoint, Error};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};

use crate::feed::{Item, Sink};

/// Builds the request that the door reads.
///
/// # Errors
/// `InvalidRequest` for a method, URL or header that HTTP does not allow.
pub(crate) fn request(
    method: &str,
    url: &str,
    headers: &[(Vec<u8>, Vec<u8>)],
    body: Bytes,
) -> Result<Request<Bytes>, Error> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_bytes())
        .map_err(|_| Error::invalid_request("method", "must be an HTTP method such as POST"))?;
    *request.uri_mut() =
        url.parse::<Uri>().map_err(|_| Error::invalid_request("url", "must be a URL without spaces"))?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name)
            .map_err(|_| Error::invalid_request("headers", "holds a name that HTTP does not allow"))?;
        let value = HeaderValue::from_bytes(value).map_err(|_| {
            Error::invalid_request(format!("headers.{name}"), "holds a character that HTTP does not allow")
        })?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

/// Sends the request through the door and feeds its answer as it comes.
pub(crate) async fn answer(endpoint: Endpoint, request: Request<Bytes>, sink: Sink) {
    let response: Response<_> = endpoint.call(request).await;
    let (parts, mut body) = response.into_parts();
    let headers = parts.headers.iter().map(|(n, v)| (n.as_str().as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
    sink.push([Item::Head(parts.status.as_u16(), headers)]);
    while let Some(bytes) = body.next_batch().await {
        sink.push([Item::Body(bytes)]);
        sink.room().await;
    }
    sink.finish();
}
