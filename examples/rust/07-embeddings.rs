//! Vectors of texts, and the text that is nearest to a question.
//!
//! Runs offline with the sandbox, whose vectors know words and no meaning:
//! `CLAWROUTERS_SANDBOX=1 cargo run -p clawrouters --example embeddings`
#![allow(clippy::print_stdout)]

use clawrouters::{EmbeddingRequest, InputType, Router};

const MODEL: &str = "openai/text-embedding-3-small";
const TEXTS: [&str; 3] = [
    "A parcel that came late can be claimed within fourteen days.",
    "The office opens at nine and closes at six.",
    "Passwords are reset on the account page.",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), clawrouters::Error> {
    let router = Router::from_env()?;
    let documents = EmbeddingRequest::new(MODEL, TEXTS)?.with_input_type(InputType::Document);
    let documents = router.embed(documents).await?;
    let query = EmbeddingRequest::new(MODEL, ["When does the office open?"])?.with_input_type(InputType::Query);
    let query = router.embed(query).await?;

    for (text, vector) in TEXTS.iter().zip(&documents.vectors) {
        let likeness: f32 = vector.iter().zip(&query.vectors[0]).map(|(a, b)| a * b).sum();
        println!("{likeness:.2}  {text}");
    }
    println!(
        "\n{}: {} tokens for {:?} nano-dollars",
        documents.model(),
        documents.usage.input,
        documents.route.cost_nanos
    );

    if let Err(error) = router.embed(EmbeddingRequest::new("auto", ["hello"])?).await {
        println!("\n{error}");
    }
    Ok(())
}
