// SPDX-License-Identifier: MIT
//
// shapes.cc - the part in C++: virtual calls in a namespace, a template, and an exception that is
// thrown three calls down and caught.
#include "service.h"

#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

namespace shop {

class Shape {
public:
	virtual ~Shape() = default;
	virtual double area(double scale) const = 0;
};

class Circle final : public Shape {
public:
	explicit Circle(double radius) : radius_(radius) {}
	SERVICE_FUNCTION double area(double scale) const override
	{
		double sum = 0;

		for (int i = 1; i <= 40; i++)	// pi by a series: long enough to be seen
			sum += (i % 2 ? 4.0 : -4.0) / (2 * i - 1);
		return sum * radius_ * radius_ * scale;
	}

private:
	double radius_;
};

class Polygon final : public Shape {
public:
	explicit Polygon(std::vector<double> corners) : corners_(std::move(corners)) {}
	SERVICE_FUNCTION double area(double scale) const override
	{
		double sum = 0;

		for (size_t i = 0; i + 3 < corners_.size(); i += 2)
			sum += corners_[i] * corners_[i + 3] - corners_[i + 2] * corners_[i + 1];
		return (sum < 0 ? -sum : sum) / 2 * scale;
	}

private:
	std::vector<double> corners_;
};

template <typename Value> SERVICE_FUNCTION Value checked(Value area, unsigned int number)
{
	if (number % 256 == 255)
		throw std::domain_error("not a shape of ours");
	return area;
}

struct Shapes {
	std::vector<std::unique_ptr<Shape>> shapes;
	uint64_t measured = 0;
};

SERVICE_FUNCTION static uint64_t measure_all(const Shapes &shapes)
{
	double total = 0;
	uint64_t refused = 0;

	for (unsigned int i = 0; i < 3072; i++) {
		const Shape &shape = *shapes.shapes[i % shapes.shapes.size()];

		try {
			total += checked(shape.area(1 + i % 3), i);
		} catch (const std::domain_error &) {
			refused++;
		}
	}
	// The fraction may differ between machines in its last bits; what is left may not.
	return service_mix(service_mix(1, static_cast<uint64_t>(total)), refused);
}

} // namespace shop

extern "C" {

void *shapes_create(void)
{
	try {
		auto state = std::make_unique<shop::Shapes>();

		for (int i = 0; i < 64; i++) {
			std::vector<double> corners;

			for (int j = 0; j < 64; j++)
				corners.push_back((i * 31 + j * 17) % 23);
			if (i % 2)
				state->shapes.push_back(std::make_unique<shop::Polygon>(corners));
			else
				state->shapes.push_back(std::make_unique<shop::Circle>(i + 1));
		}
		return state.release();
	} catch (const std::bad_alloc &) {
		return nullptr;
	}
}

void shapes_destroy(void *state)
{
	delete static_cast<shop::Shapes *>(state);
}

SERVICE_FUNCTION uint64_t shapes_measure(void *state, uint64_t until_ns)
{
	auto *shapes = static_cast<shop::Shapes *>(state);
	uint64_t sum;

	do {
		sum = shop::measure_all(*shapes);
		if (!service_same(&shapes->measured, sum))
			return 0;
	} while (service_cpu_ns() < until_ns);
	return sum;
}

} // extern "C"
