//! Tests of setting up clouds.
