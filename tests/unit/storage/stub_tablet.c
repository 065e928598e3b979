/* Until tablet.c lands. */
#include "storage/store.h"
void tablet_log_pressure(void *store, struct log_tablet *tablet){(void)store;(void)tablet;}
void tablet_close(struct tablet *tablet, bool is_dropped, struct completion *completion){(void)tablet;(void)is_dropped;(void)completion;}
void tablet_ref(struct tablet *tablet){(void)tablet;}
void tablet_unref(struct tablet *tablet){(void)tablet;}
const struct tablet_info *tablet_get_info(const struct tablet *tablet){(void)tablet;return NULL;}
