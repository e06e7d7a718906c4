//! A folder with a static embedding model in, vectors of texts by it out: each word's vector is looked up, and their mean
//! taken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use model2vec_rs::model::StaticModel;

/// A model in memory.
pub(crate) struct LocalModel(StaticModel);

impl std::fmt::Debug for LocalModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalModel").field("numbers", &self.0.dim()).finish()
    }
}

/// The files of a model, in one folder.
const FILES: [&str; 3] = ["tokenizer.json", "model.safetensors", "config.json"];

/// What every model must make a vector of before a router is made with it.
const PROBE: &str = "The quick brown fox: 1, 2.5? \u{e9}t\u{e9}, \u{6f22}\u{5b57}.";

impl LocalModel {
    /// Reads the model of a folder, which may be named by one of its files.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
        let [tokenizer, model, config] = FILES.map(|file| {
            std::fs::read(folder.join(file))
                .map_err(|fault| refused(&format!("{file} cannot be read: {}", fault.kind())))
        });
        let (tokenizer, model, config) = (tokenizer?, model?, config?);
        // What the files say is not ours to trust; the reader's own checks come first, a panic of it counts as one more.
        let read = || StaticModel::from_bytes(tokenizer, model, config, Some(true));
        let read = catch_unwind(AssertUnwindSafe(read)).map_err(|_| refused("its files do not fit together"))?;
        let model = Self(read.map_err(|fault| refused(&fault.to_string()))?);
        if model.encode(PROBE).is_none() {
            return Err(refused("its tokenizer knows words that it has no vectors for"));
        }
        Ok(model)
    }

    /// The vector of a text; nothing for one of which it knows no word.
    pub(crate) fn vector(&self, text: &str) -> Option<Vec<f32>> {
        self.encode(text).filter(|vector| vector.iter().any(|x| *x != 0.0))
    }

    /// The vector of a text without a meaning.
    pub(crate) fn nothing(&self) -> Vec<f32> {
        vec![0.0; self.0.dim()]
    }

    /// A table that is shorter than the vocabulary makes the reader panic at the first word beyond it.
    fn encode(&self, text: &str) -> Option<Vec<f32>> {
        catch_unwind(AssertUnwindSafe(|| self.0.encode_single(text))).ok()
    }
}

fn refused(why: &str) -> String {
    format!(
        "no static embedding model: {why}; name a folder with {}, or an embedding model as \"provider/model\"",
        FILES.join(", ")
    )
}

#[cfg(test)]
pub(in crate::cache) mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::cache::kept::Kept;
    use crate::cache::semantic::Semantic;
    use crate::config::SemanticCache;
    use crate::wire::{Object, RouteInfo};

    const FIELD: &str = "cache.semantic.embedder";

    /// Words with their vectors: those that say little are short.
    const WORDS: [(&str, [f32; 4]); 12] = [
        ("[UNK]", [0.0; 4]),
        ("what", [0.1, 0.0, 0.0, 0.0]),
        ("which", [0.1, 0.0, 0.0, 0.0]),
        ("city", [0.0, 1.0, 0.1, 0.0]),
        ("is", [0.0, 0.0, 0.0, 0.1]),
        ("the", [0.0, 0.0, 0.0, 0.1]),
        ("capital", [0.0, 2.0, 0.0, 0.0]),
        ("of", [0.0, 0.0, 0.0, 0.1]),
        ("france", [0.0, 0.0, 2.0, 0.0]),
        ("spain", [0.0, 0.0, 2.0, 0.0]),
        ("cook", [2.0, 0.0, 0.0, 0.0]),
        ("rice", [1.0, 0.0, 0.0, 2.0]),
    ];

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    impl Folder {
        /// A model of these words, of which `rows` have vectors.
        fn with(rows: usize) -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let folder = std::env::temp_dir().join(format!("clawrouters-model-{}-{number}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let vocabulary: Object =
                WORDS.iter().enumerate().map(|(n, (word, _))| ((*word).into(), n.into())).collect();
            let tokenizer = json!({
                "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                    "strip_accents": null, "lowercase": true},
                "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
                "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                    "max_input_chars_per_word": 100, "vocab": vocabulary},
            });
            let numbers: Vec<u8> =
                WORDS.iter().take(rows).flat_map(|(_, row)| row).flat_map(|x| x.to_le_bytes()).collect();
            let header =
                json!({"embeddings": {"dtype": "F32", "shape": [rows, 4], "data_offsets": [0, numbers.len()]}});
            let header = header.to_string();
            let tensors = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &numbers].concat();
            std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
            std::fs::write(folder.join("model.safetensors"), tensors).unwrap();
            std::fs::write(folder.join("config.json"), r#"{"normalize": true}"#).unwrap();
            Self(folder)
        }
    }

    fn cosine(model: &LocalModel, a: &str, b: &str) -> f32 {
        let [a, b] = [a, b].map(|text| model.vector(text).unwrap());
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn a_model_is_read_from_its_folder_or_by_one_of_its_files() {
        let folder = Folder::with(WORDS.len());
        for path in [folder.0.clone(), folder.0.join("model.safetensors")] {
            let model = LocalModel::open(&path).unwrap();
            assert!(cosine(&model, "What is the capital of France?", "Which city is the capital of France") > 0.95);
            assert!(cosine(&model, "capital of france", "cook rice") < 0.3);
            assert_eq!(model.vector("unheard of?").map(|vector| vector.len()), Some(4));
            assert!(model.vector("xyzzy").is_none());
        }
    }

    #[test]
    fn its_vectors_propose_and_the_rules_decide() {
        let folder = Folder::with(WORDS.len());
        let settings = SemanticCache { embedder: folder.0.to_str().unwrap().into(), ..SemanticCache::default() };
        let model = super::super::open(settings.folder(), FIELD).unwrap();
        let semantic = Semantic::new(settings, None, model);
        let place = |text: &str| {
            let vector = semantic.model().unwrap().vector(text);
            semantic.place([1; 32], text, vector).unwrap()
        };
        let kept = Kept::of_chat(&Object::new(), None, &RouteInfo::default(), 0, Duration::from_secs(60));
        semantic.put(place("What is the capital of France?"), Arc::new(kept), Duration::from_secs(60));
        assert!(semantic.recall(&place("Which city is the capital of France?")).is_some());
        // The same vector, and another name.
        assert!(semantic.recall(&place("Which city is the capital of Spain?")).is_none());
        assert!(semantic.recall(&place("Which city is not the capital of France?")).is_none());
        assert!(semantic.recall(&place("cook rice")).is_none());
    }

    #[test]
    fn what_is_no_model_is_refused_in_plain_words() {
        let folder = Folder::with(WORDS.len());
        let error = |path: &Path| super::super::open(Some(path), FIELD).unwrap_err();
        for (file, bytes, wanted) in [
            ("config.json", &b"{"[..], "config.json"),
            ("model.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\xffx", "safetensors"),
            ("tokenizer.json", b"[]", "tokenizer"),
        ] {
            let whole = std::fs::read(folder.0.join(file)).unwrap();
            std::fs::write(folder.0.join(file), bytes).unwrap();
            let said = error(&folder.0);
            assert_eq!(said.param(), Some(FIELD));
            assert!(said.to_string().contains(wanted), "{said}");
            std::fs::remove_file(folder.0.join(file)).unwrap();
            assert!(error(&folder.0).to_string().contains(&format!("{file} cannot be read")));
            std::fs::write(folder.0.join(file), whole).unwrap();
        }
        assert!(LocalModel::open(&folder.0).is_ok());
        assert!(error(&folder.0.join("nowhere")).to_string().contains("tokenizer.json cannot be read"));
    }

    #[test]
    fn a_word_without_a_vector_makes_no_vector_and_no_panic() {
        let folder = Folder::with(WORDS.len() - 2);
        let model = LocalModel::open(&folder.0).unwrap();
        assert!(model.vector("cook rice").is_none());
        assert!(model.vector("capital").is_some());
    }

    #[tokio::test]
    async fn a_request_is_likened_to_examples_by_it() {
        let folder = Folder::with(WORDS.len());
        let example = |prompt: &str, difficulty: f64| json!({"prompt": prompt, "difficulty": difficulty});
        let hard = ["capital", "france", "the capital of france", "capital of spain"].map(|p| example(p, 1.0));
        let easy = ["cook", "rice", "cook rice", "cook the rice"].map(|p| example(p, 0.0));
        let examples = [hard, easy].concat();
        let model = |id: &str, usd: f64, quality: f64| json!({"id": id, "price": {"input": usd, "output": usd}, "quality": quality});
        let config = json!({
            "strategy": "cheapest",
            "providers": {"alpha": {"kind": "sandbox"}},
            "models": [model("alpha/small", 0.1, 26.0), model("alpha/big", 40.0, 60.0)],
            "judge": {"embedder": folder.0, "examples": examples},
        });
        let router = crate::Router::new(crate::Config::from_value(config).unwrap()).unwrap();
        let ask =
            "Compare what the two archives say of the capital of France, and whom a careful historian would believe.";
        let reply = router.chat(crate::ChatRequest::new("auto", ask)).await.unwrap();
        let judged = reply.route.judge.clone().unwrap();
        assert_eq!((judged.model.as_str(), judged.cost_nanos, judged.remembered), ("local", Some(0), false));
        assert!(judged.said.unwrap() > 0.9, "{judged:?}");
        assert_eq!(reply.route.model, "alpha/big");
        let again = router.chat(crate::ChatRequest::new("auto", ask)).await.unwrap();
        assert!(again.route.judge.clone().unwrap().remembered);
    }
}
