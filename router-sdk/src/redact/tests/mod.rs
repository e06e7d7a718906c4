//! What is found and what stays, and that what was taken comes back.

mod back;
mod shapes;
