# Commands of HBase's shell that this one has not: whoever types one is told so, by what it is about.
module Shell
  ABSENT = {
    'quotas and throttles' => %w[set_quota list_quotas list_quota_table_sizes list_quota_snapshots list_snapshot_sizes enable_rpc_throttle
                                 disable_rpc_throttle rpc_throttle_enabled enable_exceed_throttle_quota disable_exceed_throttle_quota],
    'permissions' => %w[grant revoke user_permission list_security_capabilities],
    'visibility labels' => %w[add_labels list_labels set_auths get_auths clear_auths set_visibility],
    'replication' => %w[add_peer remove_peer list_peers enable_peer disable_peer set_peer_replicate_all set_peer_serial set_peer_namespaces
                        append_peer_namespaces remove_peer_namespaces set_peer_exclude_namespaces append_peer_exclude_namespaces
                        remove_peer_exclude_namespaces show_peer_tableCFs set_peer_tableCFs append_peer_tableCFs remove_peer_tableCFs
                        set_peer_exclude_tableCFs append_peer_exclude_tableCFs remove_peer_exclude_tableCFs set_peer_bandwidth
                        list_replicated_tables enable_table_replication disable_table_replication get_peer_config list_peer_configs
                        update_peer_config transit_peer_sync_replication_state peer_modification_enabled peer_modification_switch],
    'groups of servers' => %w[list_rsgroups get_rsgroup add_rsgroup remove_rsgroup balance_rsgroup move_servers_rsgroup move_tables_rsgroup
                              move_servers_tables_rsgroup move_namespaces_rsgroup move_servers_namespaces_rsgroup get_server_rsgroup
                              get_table_rsgroup remove_servers_rsgroup rename_rsgroup alter_rsgroup_config show_rsgroup_config
                              get_namespace_rsgroup],
    'changes of configuration' => %w[update_config update_all_config update_rsgroup_config],
    'the store file tracker' => %w[change_sft change_sft_all],
    'what is of HBase alone' => %w[processlist zk_dump trace hbck_chore_run clear_block_cache clear_slowlog_responses get_slowlog_responses
                                   get_largelog_responses get_balancer_decisions get_balancer_rejections flush_master_store
                                   is_in_maintenance_mode stop_master truncate_region wal_roll_all refresh_meta
                                   refresh_hfiles reopen_regions]
  }.map { |about, names| names.map { |name| [name.to_sym, about] } }.flatten(1).to_h.reject { |name, _| DECLARED.key?(name) }
end

# Behind everything that scripts define.
def self.method_missing(name, *args)
  raise Shell::Failure, "#{name}: this shell has no commands for #{Shell::ABSENT[name]}" if Shell::ABSENT.key?(name)
  super
end
