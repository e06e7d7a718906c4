//! File names in, one line of figures for each piece of about 400 characters out: what the fit is made on.
//! Built by itself: `rustc -O --edition 2024 figures.rs`.

#[allow(dead_code)]
#[path = "../../router-sdk/src/wire/estimate/shape.rs"]
mod shape;

fn main() {
    for name in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&name).expect("a text");
        let mut shape = shape::Shape::empty();
        shape.add(&text);
        let figures: Vec<String> = shape.figures().iter().map(|f| format!("{f}")).collect();
        println!("{}", figures.join(" "));
    }
}
