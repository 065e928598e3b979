/* All cells of a study in one picture: what --svg writes, and what a README may show. */
#include <string.h>

#include "bench/study/picture.h"

#define COLUMNS    3
#define GAP        16
#define HEAD       86
#define PANEL_HEAD 44
#define FOOT       22
#define SHOWN_KEY  44

static void put_panel(struct buffer *out, const struct study *study, const struct study_cell *cell,
    const struct heat_scale *scale)
{
    const struct study_run *run = study_cell_run(cell);
    char name[STUDY_TEXT_SIZE];
    study_cell_label(study, cell, name);
    buffer_put_format(out, "<text class=\"p-ink\" x=\"8\" y=\"14\" "
                           "style=\"font:600 14px system-ui,sans-serif\">");
    picture_put_text(out, name);
    buffer_put_format(out,
        "</text><text class=\"%s\" x=\"368\" y=\"14\" text-anchor=\"end\" "
        "style=\"font:600 13px system-ui,sans-serif\">%s</text>",
        study_run_ends_well(run) ? "p-good-text" : "p-hot-text", study_run_verdict(run));
    buffer_put_format(out,
        "<text class=\"p-soft p-text\" x=\"8\" y=\"31\">busiest server %.1f \xe2\x86\x92 "
        "%.1f&#215; its share, served %.0f \xe2\x86\x92 %.0f %%</text>",
        run->start_max_mean, run->end_max_mean, 100 * run->start_served, 100 * run->end_served);
    buffer_put_format(out, "<g transform=\"translate(0 %d)\">", PANEL_HEAD - 6);
    picture_put_run(out, study, cell, run, scale);
    buffer_put_format(out, "</g>");
}

void study_put_svg(const struct study *study, struct buffer *out)
{
    struct heat_scale scale = heat_scale_of(study);
    size_t columns = study->cell_count < COLUMNS ? study->cell_count : COLUMNS;
    size_t rows = (study->cell_count + columns - 1) / columns;
    size_t width = columns * (PICTURE_WIDTH + GAP) + GAP;
    size_t panel = PANEL_HEAD + PICTURE_HEIGHT;
    size_t height = HEAD + rows * panel + FOOT;
    if (width < 2 * PICTURE_WIDTH + 3 * GAP)
        width = 2 * PICTURE_WIDTH + 3 * GAP;
    buffer_put_format(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" width=\"%zu\" "
        "height=\"%zu\" role=\"img\"><title>Row key study: ",
        width, height, width, height);
    picture_put_text(out, study->scenario.name);
    buffer_put_format(out, "</title><style>");
    picture_put_style(out);
    buffer_put_format(out,
        "</style><rect class=\"p-back\" width=\"100%%\" height=\"100%%\"/>"
        "<text class=\"p-ink\" x=\"24\" y=\"34\" style=\"font:600 20px system-ui,sans-serif\">");
    picture_put_text(out, study->scenario.name);
    buffer_put_format(out, "</text><text class=\"p-soft\" x=\"24\" y=\"56\" "
                           "style=\"font:13px system-ui,sans-serif\">");
    picture_put_text(out, study->scenario.summary);
    buffer_put_format(out,
        "</text><text class=\"p-soft p-text\" x=\"24\" y=\"75\">%.0f requests/s, %zu servers, "
        "%s. \xe2\x96\xb2 a tablet is split, \xe2\x96\xb6 one moves</text>",
        study->settings.rate, study->settings.servers,
        study->is_live ? "measured" : "predicted by the model");
    buffer_put_format(out,
        "<g transform=\"translate(%zu 18)\"><text class=\"p-soft p-text\" "
        "x=\"8\" y=\"-4\">requests/s in a thirty-second of the rows</text>",
        width - PICTURE_WIDTH - GAP);
    picture_put_legend(out, &scale);
    buffer_put_format(out, "</g>");
    for (size_t i = 0; i < study->cell_count; i++) {
        buffer_put_format(out, "<g transform=\"translate(%zu %zu)\">",
            GAP + i % columns * (PICTURE_WIDTH + GAP), HEAD + i / columns * panel);
        put_panel(out, study, &study->cells[i], &scale);
        buffer_put_format(out, "</g>");
    }
    buffer_put_format(out, "<text class=\"p-soft p-key\" x=\"24\" y=\"%zu\">", height - 10);
    picture_put_text(out, study->command);
    buffer_put_format(out, "</text></svg>\n");
}
