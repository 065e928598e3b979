/* web/heatmap.js as text, for a page that is one file: the report of `stele bench study`. It imports nothing and is there in
 * every build. In such a page it stands alone in <script type="module"> with what uses it below; see heatmap.js for how.
 */
#ifndef STELE_WEB_HEATMAP_SCRIPT_H
#define STELE_WEB_HEATMAP_SCRIPT_H

extern const char web_heatmap_script[];     /* not ended by NUL */
extern const char web_heatmap_script_end[]; /* one past its last byte */

#endif
