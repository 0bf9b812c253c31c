/* It calls its host, and needs a library that it does not use. */
int host_service(int n);
int plugin_entry(void);

int plugin_entry(void)
{
	return host_service(1);
}
