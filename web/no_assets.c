/* A program without pages: built with -Dweb=disabled, or where there is no npm (else web/build.mjs writes this table). */
#include "server/web/assets.h"

const struct web_asset web_assets[] = {{NULL, NULL, NULL, NULL, 0}};
const size_t web_asset_count = 0;
