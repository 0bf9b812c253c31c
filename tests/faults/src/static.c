/* Initial-exec variables with values that only relocation can write. */
static int six = 6;
__thread int *where __attribute__((tls_model("initial-exec"))) = &six;
__thread int five __attribute__((tls_model("initial-exec"))) = 5;

int mid(int x)
{
	return x + *where + five;
}
