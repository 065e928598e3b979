"""The safety rules, each with the text that keeps it and what stands there without it, and the tests that may notice."""

TESTS = {
    "ownership": ("tests/unit/storage/test_storage_ownership", {}),
    "unsynced": ("tests/unit/storage/test_storage_unsynced", {}),
    "snapshot": ("tests/unit/storage/test_storage_snapshot", {}),
    "ownership_crash": ("tests/crash/test_ownership_crash", {}),
    "log_crash": ("tests/crash/test_log_crash", {}),
    "log_damage": ("tests/unit/storage/test_storage_log_damage", {}),
    "lineage_crash": ("tests/crash/test_lineage_crash", {}),
    "zombies": ("tests/crash/test_zombies", {"STELE_ZOMBIES": "72"}),
    "probe": ("tests/unit/storage/test_storage_probe", {}),
    "peers": ("tests/unit/server/test_server_peers", {}),
    "tablet_host": ("tests/unit/server/test_server_tablet_host", {}),
}

RULES = [
    # 7.1: one life, one folder
    dict(name="a folder that is there is taken", file="storage/seal.c", tests=["probe"],
         old="    if (status)\n        return status;\n    directory_path(directory, &path, \"servers\");",
         new="    if (status && status != STATUS_EXISTS)\n        return status;\n    directory_path(directory, &path, \"servers\");"),
    dict(name="an alive that is there is taken", file="storage/seal.c", tests=["probe"],
         old="ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE,\n        ALIVE_MODE", new="ENV_WRITE | ENV_CREATE,\n        ALIVE_MODE"),
    # 7.2: append -> sync -> look
    dict(name="no look after the sync", file="storage/log.c", tests=["ownership", "zombies"],
         old="    enum status status = seal_look(log->config.alive, error);",
         new="    enum status status = error ? STATUS_OK : seal_look(log->config.alive, error);"),
    dict(name="a durable write is not waited for", file="storage/log_writer.c", tests=["ownership_crash"],
         old="    enum status status = env_file_write_finish(writer->files->file, poll_ns, error);",
         new="    enum status status = poll_ns > 1 ? STATUS_OK : STATUS_OK;"),
    dict(name="no sync before the look", file="storage/log_writer.c", tests=["log_crash"],
         old=": env_file_sync(writer->files->file, error);",
         new=": STATUS_OK;"),
    dict(name="a look that sees no link", file="storage/seal.c", tests=["ownership", "zombies", "ownership_crash"],
         old="if (stat.link_count != 1 || stat.mode != ALIVE_MODE)", new="if (stat.mode == 01234)"),
    dict(name="a look that sees no mode", file="storage/seal.c", tests=["ownership"],
         old="if (stat.link_count != 1 || stat.mode != ALIVE_MODE)", new="if (stat.link_count != 1)"),
    dict(name="a look that sees the mode alone", file="storage/seal.c", tests=["ownership"],
         old="if (stat.link_count != 1 || stat.mode != ALIVE_MODE)", new="if (stat.mode != ALIVE_MODE)"),
    dict(name="a read's answer leaves without a look", file="server/hbase/answer_looks.c", tests=["peers"],
         old="    return store_look(looks->store, NULL);", new="    return looks->store ? STATUS_OK : store_look(looks->store, NULL);"),
    # 7.3: the seal
    dict(name="the seal leaves the mode", file="storage/seal.c", tests=["ownership"],
         old="    if (status)\n        return status;\n    struct env_file *alive = NULL;",
         new="    if (status || stat.mode != 01234)\n        return status;\n    struct env_file *alive = NULL;"),
    # (The sync of the dead one's own folder that follows guards no name: alive was synced there when it was made.)
    dict(name="a seal that is not durable", file="storage/seal.c", tests=["ownership"],
         old="    directory_path(directory, &folder, \"sealed\");\n    status = env_directory_sync(directory->env, folder.text, error);",
         new="    directory_path(directory, &folder, \"sealed\");"),
    # 7.3: one end of a log for all
    dict(name="every recoverer its own plan", file="storage/plan.c", tests=["ownership"],
         old="    enum status status = read_durable(directory, incarnation, out_plan, error);\n"
             "    if (status != STATUS_NOT_FOUND)\n        return status;",
         new="    enum status status = STATUS_OK;\n    {\n        struct path old;\n"
             "        directory_server_path(directory, incarnation, \"plan\", &old);\n"
             "        (void)env_path_remove(directory->env, old.text, NULL);\n    }"),
    dict(name="a plan of bytes not durable", file="storage/plan.c", tests=["ownership", "ownership_crash"],
         old="    if (!has_successor)\n        status = settle_end(directory, path.text, &segment, error);",
         new="    if (number == 0)\n        status = settle_end(directory, path.text, &segment, error);"),
    dict(name="damage that nobody doubts", file="storage/log_replay.c", tests=["log_damage"],
         old="frame->first_sequence > replay->whole_below)", new="frame->first_sequence == UINT64_MAX)"),
    dict(name="damage behind the last record is no matter", file="storage/log_replay.c", tests=["log_damage"],
         old="    if (status == STATUS_OK && replay.is_in_doubt)", new="    if (status == STATUS_IO && replay.is_in_doubt)"),
    dict(name="a loss that nobody accepted", file="storage/log_replay.c", tests=["log_damage"],
         old="    if (!is_accepted)", new="    if (!is_accepted && replay->whole_below == UINT64_MAX)"),
    # 7.4: the chain
    dict(name="a commit that takes a taken number", file="storage/chain.c", tests=["ownership_crash", "zombies"],
         old="    enum status status = env_path_link(directory->env, pending->path.text, target, error);\n    if (status == STATUS_OK)",
         new="    (void)env_path_remove(directory->env, target, NULL);\n"
             "    enum status status = env_path_link(directory->env, pending->path.text, target, error);\n    if (status == STATUS_OK)"),
    dict(name="no list after the link", file="storage/chain.c", tests=["zombies", "ownership_crash"],
         old="        else if (listing.files[at].version != version)", new="        else if (listing.files[at].version < version)"),
    dict(name="a manifest not synced", file="storage/chain.c", tests=["lineage_crash", "ownership_crash"],
         old="        status = env_file_sync(pending[i].file, error);", new="        status = STATUS_OK;"),
    dict(name="a commit's folder not synced", file="storage/chain.c", tests=["lineage_crash", "ownership_crash"],
         old="    status = env_directory_sync(directory->env, folder, error);\n    pause_point(\"chain.sync.after\");",
         new="    pause_point(\"chain.sync.after\");"),
    # 7.4: what is seen is not durable (docs/decisions/0016)
    dict(name="a manifest that may be lost is opened from", file="storage/tablet_open.c", tests=["unsynced"],
         old="    if (store->config.role == STORE_ALONE)", new="    if (store->config.role != STORE_DOCUMENTS)"),
    dict(name="an older manifest names nothing", file="storage/references.c", tests=["unsynced"],
         old="    return chain_list_all(reading->directory->env, folder.text, add_older, &older, error);",
         new="    return add_older(&older, \"\", 0, NULL) == STATUS_OK ? STATUS_OK : STATUS_OK;"),
    dict(name="a zombie's file is an orphan", file="storage/collector.c", tests=["unsynced"],
         old="                        !references_have_owner(&pass->references, incarnation)) ||",
         new="                        incarnation[0]) ||"),
    # 7.5: the open rule
    dict(name="a living owner is robbed", file="storage/recovery.c", tests=["ownership"],
         old="        if (!is_sealed)\n            return error_set(error, STATUS_BUSY,",
         new="        if (!is_sealed && !is_there)\n            return error_set(error, STATUS_BUSY,"),
    dict(name="a dead log is forgotten", file="storage/tablet_replay.c", tests=["ownership", "ownership_crash"],
         old="    manifest->dead_log_count = count;", new="    manifest->dead_log_count = 0;"),
    dict(name="a split parent opens", file="storage/tablet_open.c", tests=["ownership"],
         old="    if (manifest->state != TABLET_OPEN && manifest->state != TABLET_CLOSED)",
         new="    if (manifest->state == TABLET_DROPPED)"),
    dict(name="served before it is committed", file="storage/tablet_open.c", tests=["ownership"],
         old="    tablet_commit(tablet, &opening.edit);\n    return opening.status;",
         new="    if (opening.status)\n        tablet_commit(tablet, &opening.edit);\n    return opening.status;"),
    # 7.6: masters
    dict(name="an earlier master is obeyed", file="server/tablet/tablet_host.c", tests=["tablet_host"],
         old="    return seen == command->epoch;", new="    return seen != UINT64_MAX;"),
    # splits and merges
    dict(name="a split of an open tablet", file="storage/lineage.c", tests=["ownership"],
         old="    if (parent->state == TABLET_OPEN)", new="    if (parent->state == TABLET_OPEN && parent->owner.size == 0)"),
    dict(name="a cut split is not listed", file="storage/tablets.c", tests=["lineage_crash"],
         old="    if (status == STATUS_OK)\n        status = lineage_missing(&set, &missing, error);",
         new="    if (status == STATUS_OK && set.count > 1000)\n        status = lineage_missing(&set, &missing, error);"),
    # the probe
    dict(name="a broken file system is taken", file="storage/store.c", tests=["probe"],
         old="        status = cluster_probe(&store->directory, error);", new="        (void)cluster_probe(&store->directory, NULL);"),
    # 7.7: deletion is the collector's, with proof
    dict(name="a needed log is collected", file="storage/references.c", tests=["snapshot", "ownership"],
         old="    return references->incarnation_count\n", new="    return references->incarnation_count > 1000000\n"),
    dict(name="a snapshot's file is collected", file="storage/references.c", tests=["snapshot"],
         old="    enum status status = snapshot_list(directory, &arena, add_snapshot, references, error);",
         new="    enum status status = STATUS_OK;\n    if (!directory)\n"
             "        status = snapshot_list(directory, &arena, add_snapshot, references, error);"),
    dict(name="a clone made during a pass is collected", file="storage/references.c", tests=["snapshot"],
         old="    enum status status = read_snapshots(directory, &references, error);\n", new="    enum status status = STATUS_OK;\n"),
    dict(name="who dies during a pass is collected", file="storage/collector.c", tests=["ownership"],
         old="    pause_point(\"collector.read.after\");\n    return status;",
         new="    pause_point(\"collector.read.after\");\n    dead_incarnations_deinit(&pass->dead);\n"
             "    return status ? status : dead_incarnations_read(&collector->store->directory, &pass->dead, error);"),
    dict(name="an earlier leader's collector goes on", file="storage/trash.c", tests=["snapshot"],
         old="            status = take_over(&trash, &names, &is_ours, error);",
         new="            status = (is_ours = epoch > 0) ? STATUS_OK : take_over(&trash, &names, &is_ours, error);"),
    dict(name="a shared file is collected", file="storage/references.c", tests=["snapshot"],
         old="    return references->file_count && bsearch(", new="    return references->file_count > 1000000 && bsearch("),
]
