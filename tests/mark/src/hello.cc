#include <iostream>
#include <stdexcept>
#include <string>

int main()
{
	try {
		throw std::runtime_error("caught");
	} catch (const std::exception &e) {
		std::cout << e.what() << std::endl;
	}
}
