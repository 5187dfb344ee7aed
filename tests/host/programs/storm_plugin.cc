/* SPDX-License-Identifier: MIT
 *
 * storm_plugin.cc - loaded and unloaded all the time; throws, catches, and uses the heap meanwhile.
 */
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int deep(int level, int value)
{
	std::vector<std::string> kept(3, std::string(40, 'x'));

	if (level == 0)
		throw std::runtime_error(std::to_string(value));
	return deep(level - 1, value) + static_cast<int>(kept.size());
}

}

extern "C" int storm_work(int value)
{
	int sum = 0;

	for (int i = 0; i < 20; i++) {
		try {
			sum += deep(i, value);
		} catch (const std::runtime_error &error) {
			sum += std::stoi(error.what());
		}
	}
	return sum + 1;
}
