// SPDX-License-Identifier: MIT
//! RLD_LIB_DIR is a directory with librld.so that the linker would not find by itself.
fn main() {
    println!("cargo:rerun-if-env-changed=RLD_LIB_DIR");
    if let Ok(dir) = std::env::var("RLD_LIB_DIR") {
        println!("cargo:rustc-link-search=native={}", dir);
    }
}
