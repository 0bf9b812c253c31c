// SPDX-License-Identifier: MIT
//! Swaps ./plugin.so for ./next.so under an entry that stays good.
use std::path::Path;

fn main() {
    if let Err(e) = run() {
        println!("{}", e);
        std::process::exit(1);
    }
}

fn run() -> rld::Result<()> {
    let _listener = rld::Listener::new(rld::what::SWAPPED, |e| println!("swapped: {}", e.name))?;
    // SAFETY: version() has this type in both files, and no other thread runs.
    unsafe {
        let plugin = rld::Library::open("./plugin.so", rld::Bind::Now, false)?;
        let version = plugin.entry::<extern "C" fn() -> i32>("version")?;

        println!("version {}", (version.get())());
        plugin.swap(Some(Path::new("./next.so")))?;
        println!("version {}, held by {}", (version.get())(), plugin.holders()?.len());
        if let Err(e) = plugin.swap(Some(Path::new("./none.so"))) {
            println!("refused: {}", e);
        }
        println!("version {}", (version.get())());
    }
    println!("unloaded: {}", rld::journal()?[0].name);
    Ok(())
}
