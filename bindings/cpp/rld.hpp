// SPDX-License-Identifier: MIT
// rld.hpp: rld.h for C++11 and later, with owners that give back what they have and
// exceptions in place of -1 and NULL.  Header only; link with -lrld -ldl.
//
// Threads, signals and the life of handles are as rld.h says.  Strings are copied.  An
// owner can be moved, not copied; its destructor drops errors, and close() throws them.
#ifndef RLD_HPP
#define RLD_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <rld.h>

namespace rld
{

// A call of rld's or of dlopen's failed; what() is rld's text.
class error : public std::runtime_error
{
public:
	using std::runtime_error::runtime_error;
};

namespace detail
{

[[noreturn]] inline void fail()
{
	const char *text = rld_error();

	if (!text)
		text = dlerror();
	throw error(text ? text : "rld: no error text");
}

[[noreturn]] inline void dl_fail()
{
	const char *text = dlerror();

	throw error(text ? text : "dlopen: no error text");
}

template <class F> F *function(void *address)
{
	static_assert(std::is_function<F>::value, "F is a function's type: int(int)");
	return reinterpret_cast<F *>(reinterpret_cast<std::uintptr_t>(address));
}

inline std::string copy(const char *s)
{
	return s ? s : "";
}

} // namespace detail

// Is this process run by rld?
inline bool available()
{
	return rld_journal_sized(nullptr, sizeof(rld_gone), 0) >= 0;
}

struct holder {
	int why; // RLD_HELD_*
	unsigned count;
	std::string name; // empty: none
};

// An object that was unloaded; it had the addresses [lo, hi).
struct gone {
	std::string name;
	std::uintptr_t lo, hi;
	std::vector<unsigned char> build_id;
	unsigned long long order;
};

// A function address that stays good through close, reopen and swap; given back by the
// destructor.  Can be called as a function of type F: entry<int(const char *)>.
template <class F> class entry
{
public:
	// handle: nullptr for the global objects.
	entry(void *handle, const char *name) : address(rld_entry(handle, name))
	{
		if (!address)
			detail::fail();
	}
	entry(entry &&other) noexcept : address(other.address)
	{
		other.address = nullptr;
	}
	entry &operator=(entry &&other) noexcept
	{
		std::swap(address, other.address);
		return *this;
	}
	entry(const entry &) = delete;
	entry &operator=(const entry &) = delete;
	~entry()
	{
		if (address)
			rld_entry_free(address);
	}

	F *get() const
	{
		return detail::function<F>(address);
	}
	template <class... A>
	auto operator()(A &&...args) const
		-> decltype(std::declval<F *>()(std::forward<A>(args)...))
	{
		return get()(std::forward<A>(args)...);
	}
	// The address, which is good for ever now.
	F *release()
	{
		F *f = get();

		address = nullptr;
		return f;
	}

private:
	void *address;
};

// A handle of dlopen.
class library
{
public:
	// path nullptr: the program.
	explicit library(const char *path, int mode = RTLD_NOW)
		: opened(dlopen(path, mode))
	{
		if (!opened)
			detail::dl_fail();
	}
	explicit library(const std::string &path, int mode = RTLD_NOW)
		: library(path.c_str(), mode)
	{
	}
	library(library &&other) noexcept : opened(other.opened)
	{
		other.opened = nullptr;
	}
	library &operator=(library &&other) noexcept
	{
		std::swap(opened, other.opened);
		return *this;
	}
	library(const library &) = delete;
	library &operator=(const library &) = delete;
	~library()
	{
		if (opened)
			dlclose(opened);
	}

	void close()
	{
		void *handle = opened;

		opened = nullptr;
		if (handle && dlclose(handle))
			detail::dl_fail();
	}
	void *handle() const
	{
		return opened;
	}
	// The function of that name as it is now: a swap does not move it.
	template <class F> F *function(const char *name) const
	{
		return detail::function<F>(symbol(name));
	}
	void *symbol(const char *name) const
	{
		void *address;

		dlerror();
		address = dlsym(opened, name);
		if (!address)
			detail::dl_fail();
		return address;
	}
	template <class F> rld::entry<F> entry(const char *name) const
	{
		return rld::entry<F>(opened, name);
	}
	// Put another file in its place, by default the file of the same path.  If this
	// throws, nothing has changed.  flags: RLD_SWAP_NOW | RLD_SWAP_SNAPSHOT.
	void swap(const char *path = nullptr, unsigned flags = 0)
	{
		if (rld_swap(opened, path, flags))
			detail::fail();
	}
	std::vector<holder> holders() const
	{
		std::vector<rld_holder> out(16);
		std::vector<holder> list;
		int n;

		while ((n = rld_holders(opened, out.data(), out.size())) >
		       static_cast<int>(out.size()))
			out.resize(static_cast<std::size_t>(n));
		if (n < 0)
			detail::fail();
		out.resize(static_cast<std::size_t>(n));
		for (const rld_holder &h : out)
			list.push_back(holder{ h.why, h.count,
					       detail::copy(h.name) });
		return list;
	}

private:
	void *opened;
};

// The objects that were unloaded last, newest first.
inline std::vector<gone> journal()
{
	std::vector<rld_gone> out(64);
	std::vector<gone> list;
	int n = rld_journal(out.data(), out.size());

	if (n < 0)
		detail::fail();
	out.resize(static_cast<std::size_t>(n));
	for (const rld_gone &g : out)
		list.push_back(gone{ detail::copy(g.name), g.lo, g.hi,
				     std::vector<unsigned char>(
					     g.build_id,
					     g.build_id + g.build_id_size),
				     g.order });
	return list;
}

// Calls a function for each event until it is destroyed.  The function must not throw:
// rld's callers are C.  What it returns counts for RLD_EVENT_UNRESOLVED only.  A call that
// is under way in another thread is not waited for, so the function is never freed.
class listener
{
public:
	using function = std::function<void *(const rld_event &)>;

	listener(function fn, unsigned what) : told(new function(std::move(fn)))
	{
		if (rld_notify(call, told.get(), what))
			detail::fail();
	}
	listener(listener &&other) noexcept = default;
	listener &operator=(listener &&) = delete;
	listener(const listener &) = delete;
	~listener()
	{
		if (told) {
			rld_notify(call, told.get(), 0);
			told.release();
		}
	}

private:
	static void *call(const rld_event *e, void *arg)
	{
		return (*static_cast<function *>(arg))(*e);
	}
	std::unique_ptr<function> told;
};

// One use of a module by a client.
class module
{
public:
	// client names the user.  hook may be nullptr.
	explicit module(const char *name, const char *search = nullptr,
			int mode = RTLD_NOW, void *client = nullptr,
			rld_module_hook *hook = nullptr, void *arg = nullptr)
		: opened(rld_module_open(name, search, mode, client, hook, arg)),
		  owner(client)
	{
		if (!opened)
			detail::fail();
	}
	module(module &&other) noexcept : opened(other.opened), owner(other.owner)
	{
		other.opened = nullptr;
	}
	module &operator=(module &&) = delete;
	module(const module &) = delete;
	~module()
	{
		if (opened)
			rld_module_close(opened, owner, 0);
	}

	// Throws if the hook refuses; then the module is still open.
	void close(bool keep = false)
	{
		if (rld_module_close(opened, owner, keep ? unsigned(RLD_MODULE_KEEP) : 0U))
			detail::fail();
		opened = nullptr;
	}
	template <class F> F *function(const char *name) const
	{
		void *address;

		dlerror();
		address = dlsym(rld_module_handle(opened), name);
		if (!address)
			detail::dl_fail();
		return detail::function<F>(address);
	}
	template <class F> rld::entry<F> entry(const char *name) const
	{
		return rld::entry<F>(rld_module_handle(opened), name);
	}
	unsigned uses(bool all_clients = true) const
	{
		return rld_module_uses(opened, owner, all_clients ? 1 : 0);
	}

private:
	rld_module *opened;
	void *owner;
};

} // namespace rld

#endif
