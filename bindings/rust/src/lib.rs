// SPDX-License-Identifier: MIT
//! What rld offers programs beyond `dlopen`: see `rld.h` and rld(3).
//!
//! The process must run under rld. Elsewhere librld.so.1 answers: [`available`] is false
//! and all else returns an [`Error`] that says so. Owners give back what they have when
//! they are dropped. Rust's own functions do not move: what is loaded, swapped and
//! unloaded are libraries with a C interface.

use std::ffi::{CStr, CString};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::os::raw::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::path::Path;
use std::ptr;

mod sys {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Holder {
        pub why: c_int,
        pub count: c_uint,
        pub name: *const c_char,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Gone {
        pub name: *const c_char,
        pub lo: usize,
        pub hi: usize,
        pub build_id: [u8; 20],
        pub build_id_size: c_uint,
        pub order: c_ulonglong,
    }

    #[repr(C)]
    pub struct Event {
        pub size: usize,
        pub what: c_uint,
        pub handle: *mut c_void,
        pub name: *const c_char,
        pub lo: usize,
        pub hi: usize,
        pub build_id: [u8; 20],
        pub build_id_size: c_uint,
        pub symbol: *const c_char,
    }

    pub type EventFn = unsafe extern "C" fn(*const Event, *mut c_void) -> *mut c_void;

    #[link(name = "rld")]
    extern "C" {
        pub fn rld_error() -> *const c_char;
        pub fn rld_swap(handle: *mut c_void, path: *const c_char, flags: c_uint) -> c_int;
        pub fn rld_entry(handle: *mut c_void, name: *const c_char) -> *mut c_void;
        pub fn rld_entry_free(entry: *mut c_void) -> c_int;
        pub fn rld_holders_sized(handle: *mut c_void, out: *mut Holder, size: usize, max: usize)
            -> c_int;
        pub fn rld_journal_sized(out: *mut Gone, size: usize, max: usize) -> c_int;
        pub fn rld_notify(f: EventFn, arg: *mut c_void, what: c_uint) -> c_int;
        pub fn rld_save(file: *const c_char) -> c_int;
    }

    #[link(name = "dl")]
    extern "C" {
        pub fn dlopen(path: *const c_char, mode: c_int) -> *mut c_void;
        pub fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
        pub fn dlclose(handle: *mut c_void) -> c_int;
        pub fn dlerror() -> *const c_char;
    }
}

/// A call of rld's or of dlopen's failed; the text is rld's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;

unsafe fn text(s: *const c_char) -> Option<String> {
    if s.is_null() {
        None
    } else {
        Some(CStr::from_ptr(s).to_string_lossy().into_owned())
    }
}

fn failed() -> Error {
    // SAFETY: both return NULL or a string that lives until this thread's next call.
    unsafe {
        Error(
            text(sys::rld_error())
                .or_else(|| text(sys::dlerror()))
                .unwrap_or_else(|| "rld: no error text".into()),
        )
    }
}

fn dl_failed() -> Error {
    // SAFETY: as above.
    unsafe { Error(text(sys::dlerror()).unwrap_or_else(|| "dlopen: no error text".into())) }
}

fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error("a name contains a zero byte".into()))
}

fn c_path(path: &Path) -> Result<CString> {
    use std::os::unix::ffi::OsStrExt;
    c_string(path.as_os_str().as_bytes())
}

/// Is this process run by rld?
pub fn available() -> bool {
    // SAFETY: nothing is written to an array of no elements.
    unsafe { sys::rld_journal_sized(ptr::null_mut(), mem::size_of::<sys::Gone>(), 0) >= 0 }
}

/// How `dlopen` binds functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bind {
    Lazy,
    Now,
}

/// Why an object is still loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Startup,
    Handle,
    Dependent,
    NoDelete,
    Threads,
    Running,
    Unique,
    /// A reason that a later rld has.
    Other(i32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub why: Why,
    pub count: u32,
    pub name: Option<String>,
}

/// An object that was unloaded; it had the addresses `lo..hi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    pub name: String,
    pub lo: usize,
    pub hi: usize,
    pub build_id: Vec<u8>,
    pub order: u64,
}

/// A handle of `dlopen`, closed when it is dropped.
#[derive(Debug)]
pub struct Library {
    handle: *mut c_void,
}

// SAFETY: rld's and dlopen's functions may be called by any thread.
unsafe impl Send for Library {}
unsafe impl Sync for Library {}

impl Library {
    /// Open a library. With `global` its symbols serve libraries that are opened later.
    ///
    /// # Safety
    /// Its constructors run, and may do anything.
    pub unsafe fn open<P: AsRef<Path>>(path: P, bind: Bind, global: bool) -> Result<Library> {
        const RTLD_LAZY: c_int = 1;
        const RTLD_NOW: c_int = 2;
        const RTLD_GLOBAL: c_int = if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
            4
        } else {
            0x100
        };
        let path = c_path(path.as_ref())?;
        let mode = match bind {
            Bind::Lazy => RTLD_LAZY,
            Bind::Now => RTLD_NOW,
        };
        let handle = sys::dlopen(path.as_ptr(), mode | if global { RTLD_GLOBAL } else { 0 });
        if handle.is_null() {
            return Err(dl_failed());
        }
        Ok(Library { handle })
    }

    pub fn handle(&self) -> *mut c_void {
        self.handle
    }

    /// The address of a symbol as it is now: a swap does not move it.
    pub fn symbol(&self, name: &str) -> Result<*mut c_void> {
        let name = c_string(name.as_bytes())?;
        // SAFETY: the handle is open.
        let address = unsafe {
            sys::dlerror();
            sys::dlsym(self.handle, name.as_ptr())
        };
        if address.is_null() {
            return Err(dl_failed());
        }
        Ok(address)
    }

    /// A function that stays good through close, reopen and swap.
    ///
    /// # Safety
    /// F must be the type of the function, `extern "C" fn(...) -> ...`, in every version.
    pub unsafe fn entry<F: Copy>(&self, name: &str) -> Result<Entry<F>> {
        Entry::new(self.handle, name)
    }

    /// Put the file at `path`, or the file of the same path, in this library's place, and
    /// bind its functions. After an error nothing has changed.
    ///
    /// # Safety
    /// No thread may be inside the library, and nothing may use an address of it that was
    /// copied, but for entries.
    pub unsafe fn swap(&self, path: Option<&Path>) -> Result<()> {
        const RLD_SWAP_NOW: c_uint = 1;
        let path = path.map(c_path).transpose()?;
        let p = path.as_ref().map_or(ptr::null(), |p| p.as_ptr());
        if sys::rld_swap(self.handle, p, RLD_SWAP_NOW) != 0 {
            return Err(failed());
        }
        Ok(())
    }

    /// What holds this library.
    pub fn holders(&self) -> Result<Vec<Holder>> {
        let empty = sys::Holder { why: 0, count: 0, name: ptr::null() };
        let mut out = vec![empty; 16];
        loop {
            // SAFETY: out has out.len() elements of this size.
            let n = unsafe {
                sys::rld_holders_sized(
                    self.handle,
                    out.as_mut_ptr(),
                    mem::size_of::<sys::Holder>(),
                    out.len(),
                )
            };
            if n < 0 {
                return Err(failed());
            }
            let n = n as usize;
            if n > out.len() {
                out.resize(n, empty);
                continue;
            }
            return Ok(out[..n]
                .iter()
                .map(|h| Holder {
                    why: why(h.why),
                    count: h.count,
                    // SAFETY: valid as long as that object is loaded; copied at once.
                    name: unsafe { text(h.name) },
                })
                .collect());
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and is not used again.
        unsafe {
            sys::dlclose(self.handle);
        }
    }
}

fn why(n: c_int) -> Why {
    match n {
        0 => Why::Startup,
        1 => Why::Handle,
        2 => Why::Dependent,
        3 => Why::NoDelete,
        4 => Why::Threads,
        5 => Why::Running,
        6 => Why::Unique,
        other => Why::Other(other),
    }
}

/// A function address that stays good; given back when it is dropped.
#[derive(Debug)]
pub struct Entry<F> {
    address: *mut c_void,
    kind: PhantomData<F>,
}

// SAFETY: it is an address of code.
unsafe impl<F> Send for Entry<F> {}
unsafe impl<F> Sync for Entry<F> {}

impl<F: Copy> Entry<F> {
    unsafe fn new(handle: *mut c_void, name: &str) -> Result<Entry<F>> {
        assert_eq!(mem::size_of::<F>(), mem::size_of::<*mut c_void>());
        let name = c_string(name.as_bytes())?;
        let address = sys::rld_entry(handle, name.as_ptr());
        if address.is_null() {
            return Err(failed());
        }
        Ok(Entry { address, kind: PhantomData })
    }

    /// The function, to be called: `(entry.get())(args)`. It must not be kept for longer
    /// than the entry.
    pub fn get(&self) -> F {
        // SAFETY: F is the function's type: the caller of Library::entry promised it.
        unsafe { mem::transmute_copy(&self.address) }
    }
}

impl<F> Drop for Entry<F> {
    fn drop(&mut self) {
        // SAFETY: it is given back once.
        unsafe {
            sys::rld_entry_free(self.address);
        }
    }
}

/// The objects that were unloaded last, newest first, at most 64.
pub fn journal() -> Result<Vec<Gone>> {
    let empty = sys::Gone {
        name: ptr::null(),
        lo: 0,
        hi: 0,
        build_id: [0; 20],
        build_id_size: 0,
        order: 0,
    };
    let mut out = [empty; 64];
    // SAFETY: out has that many elements of this size.
    let n = unsafe {
        sys::rld_journal_sized(out.as_mut_ptr(), mem::size_of::<sys::Gone>(), out.len())
    };
    if n < 0 {
        return Err(failed());
    }
    Ok(out[..n as usize]
        .iter()
        .map(|g| Gone {
            // SAFETY: valid until 64 more were unloaded; copied at once.
            name: unsafe { text(g.name) }.unwrap_or_default(),
            lo: g.lo,
            hi: g.hi,
            build_id: g.build_id[..(g.build_id_size as usize).min(20)].to_vec(),
            order: g.order,
        })
        .collect())
}

/// What an event tells.
pub mod what {
    pub const LOADED: u32 = 1;
    pub const DELAYED: u32 = 2;
    pub const UNLOADING: u32 = 4;
    pub const UNLOADED: u32 = 8;
    pub const SWAPPED: u32 = 16;
    pub const UNRESOLVED: u32 = 32;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub what: u32,
    pub name: String,
    pub symbol: Option<String>,
}

type Told = Box<dyn Fn(&Event) + Send + Sync>;

/// Calls a function for each event until it is dropped.
pub struct Listener {
    told: &'static Told,
}

impl Listener {
    /// what: a sum of the constants of [`what`]. The function may be called by any thread.
    pub fn new<T: Fn(&Event) + Send + Sync + 'static>(what: u32, told: T) -> Result<Listener> {
        // A call may be under way in another thread when the listener ends, and rld does
        // not wait for it: the function is never freed.
        let boxed: Told = Box::new(told);
        let told: &'static Told = Box::leak(Box::new(boxed));
        let arg = told as *const Told as *mut c_void;
        // SAFETY: told lives for ever.
        if unsafe { sys::rld_notify(on_event, arg, what) } != 0 {
            return Err(failed());
        }
        Ok(Listener { told })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // SAFETY: the same function and argument name the same listener.
        unsafe {
            sys::rld_notify(on_event, self.told as *const Told as *mut c_void, 0);
        }
    }
}

unsafe extern "C" fn on_event(event: *const sys::Event, arg: *mut c_void) -> *mut c_void {
    let told = &*(arg as *const Told);
    let e = &*event;
    let event = Event {
        what: e.what,
        name: text(e.name).unwrap_or_default(),
        symbol: text(e.symbol),
    };
    // A panic must not unwind into rld.
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| told(&event))).is_err() {
        std::process::abort();
    }
    ptr::null_mut()
}

/// Write what is open now to a text file, for `rld_restore`.
pub fn save<P: AsRef<Path>>(file: P) -> Result<()> {
    let file = c_path(file.as_ref())?;
    // SAFETY: a string.
    if unsafe { sys::rld_save(file.as_ptr()) } != 0 {
        return Err(failed());
    }
    Ok(())
}
