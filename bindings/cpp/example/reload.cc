// SPDX-License-Identifier: MIT
// Swaps ./plugin.so for ./next.so under a callable that stays good.
#include <cstdio>
#include <rld.hpp>

int main()
{
	try {
		rld::library plugin("./plugin.so");
		rld::entry<int()> version = plugin.entry<int()>("version");
		rld::listener listener(
			[](const rld_event &e) -> void * {
				std::printf("swapped: %s\n", e.name);
				return nullptr;
			},
			RLD_EVENT_SWAPPED);

		std::printf("version %d\n", version());
		plugin.swap("./next.so", RLD_SWAP_NOW);
		std::printf("version %d, held by %zu\n", version(),
			    plugin.holders().size());
		try {
			plugin.swap("./none.so");
		} catch (const rld::error &e) {
			std::printf("refused: %s\n", e.what());
		}
		std::printf("version %d\n", version());
		plugin.close();
		std::printf("unloaded: %s\n", rld::journal().at(0).name.c_str());
	} catch (const rld::error &e) {
		std::printf("%s\n", e.what());
		return 1;
	}
	return 0;
}
