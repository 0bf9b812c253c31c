int twice(int n);
int second(int n);

int main(void)
{
	return twice(1) + second(1) - 4;
}
