#include "calc.h"

int add(int a, int b)
{
	return a + b;
}

int divide(int a, int b)
{
	return b ? a / b : 0;
}
