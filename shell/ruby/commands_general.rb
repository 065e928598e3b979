# general: status, version, whoami, table_help.
module Shell
  class Commands
    # A format that is none of these is the summary, as in HBase.
    def status(format = 'summary', type = 'both')
      cluster = Native.cluster_status
      case format
      when 'simple' then status_simple(cluster)
      when 'detailed' then status_detailed(cluster)
      when 'tasks' then status_tasks(cluster)
      when 'replication' then status_replication(cluster, type)
      else Native.say(status_summary(cluster) + "\n")
      end
      nil
    end

    def status_summary(cluster)
      format('%d active master, %d backup masters, %d servers, %d dead, %.4f average load',
             cluster[:master] ? 1 : 0, cluster[:backups].size, cluster[:servers].size, cluster[:dead].size,
             average_load(cluster))
    end

    def average_load(cluster)
      return 0.0 if cluster[:servers].empty?
      total = 0
      cluster[:servers].each { |server| total += server[:regions].size }
      total.to_f / cluster[:servers].size
    end

    def status_simple(cluster)
      status_masters(cluster)
      Native.say("#{cluster[:servers].size} live servers\n")
      load = 0
      regions = 0
      cluster[:servers].each do |server|
        Native.say("    #{server[:host]}:#{server[:port]} #{server[:start_code]}\n")
        Native.say("        #{server_load(server)}\n")
        load += server[:requests]
        regions += server[:regions].size
      end
      status_dead(cluster)
      Native.say("Aggregate load: #{load}, regions: #{regions}\n")
    end

    def status_detailed(cluster)
      Native.say("version #{cluster[:version]}\n")
      Native.say("#{cluster[:transitions].size} regionsInTransition\n")
      cluster[:transitions].each { |transition| Native.say("    #{transition_text(transition)}\n") }
      status_masters(cluster)
      Native.say("master coprocessors: [#{cluster[:coprocessors].join(', ')}]\n")
      Native.say("#{cluster[:servers].size} live servers\n")
      cluster[:servers].each do |server|
        Native.say("    #{server[:host]}:#{server[:port]} #{server[:start_code]}\n")
        Native.say("        #{server_load(server)}\n")
        server[:regions].sort { |a, b| a[:name] <=> b[:name] }.each do |region|
          Native.say("        \"#{Shell.binary(region[:name])}\"\n")
          Native.say("            #{region_load(region)}\n")
        end
      end
      status_dead(cluster)
    end

    def status_tasks(cluster)
      status_masters(cluster)
      tell_tasks(cluster[:tasks])
      Native.say("#{cluster[:servers].size} live servers\n")
      cluster[:servers].each do |server|
        Native.say("    #{server[:host]}:#{server[:port]} #{server[:start_code]}\n")
        tell_tasks(server[:tasks])
      end
    end

    # Threads that wait for work are tasks too in HBase: of no interest.
    def tell_tasks(tasks)
      tasks = tasks.reject { |task| task[2] == 'WAITING' }
      Native.say("        #{tasks.size} tasks\n")
      tasks.each do |description, text, state, started, completed|
        time = completed > 0 ? "completed #{Native.time_text(completed)}" : "started #{Native.time_text(started)}"
        Native.say("            #{description}: #{text} (#{state}, #{time})\n")
      end
    end

    # There is no replication: a server of HBase that has no peers prints the same.
    def status_replication(cluster, type)
      unless %w[source sink both].include?(type.to_s.downcase)
        raise ArgumentError, "type should be 'source' or 'sink', not '#{type}'"
      end
      Native.say("version #{cluster[:version]}\n#{cluster[:servers].size} live servers\n")
      cluster[:servers].each do |server|
        Native.say("    #{server[:host]}:\n")
        Native.say("       SOURCE:\n") unless type.to_s.downcase == 'sink'
        Native.say("       SINK:\n") unless type.to_s.downcase == 'source'
      end
    end

    def status_masters(cluster)
      master = cluster[:master]
      Native.say("active master:  #{master[:host]}:#{master[:port]} #{master[:start_code]}\n") if master
      Native.say("#{cluster[:backups].size} backup masters\n")
      cluster[:backups].each { |backup| Native.say("    #{backup[:host]}:#{backup[:port]} #{backup[:start_code]}\n") }
    end

    def status_dead(cluster)
      Native.say("#{cluster[:dead].size} dead servers\n")
      cluster[:dead].each { |dead| Native.say("    #{dead}\n") }
    end

    def sum(server, key)
      total = 0
      server[:regions].each { |region| total += region[key] }
      total
    end

    def server_load(server)
      [['requestsPerSecond', format('%.1f', server[:requests].to_f)], ['numberOfOnlineRegions', server[:regions].size],
       ['usedHeapMB', server[:used_mb]], ['maxHeapMB', server[:max_mb]], ['numberOfStores', sum(server, :stores)],
       ['numberOfStorefiles', sum(server, :files)], ['storeRefCount', sum(server, :refs)],
       ['maxCompactedStoreFileRefCount', server[:regions].map { |region| region[:compacted_refs] }.max || 0],
       ['storefileUncompressedSizeMB', sum(server, :raw_mb)], ['storefileSizeMB', sum(server, :files_mb)],
       ['memstoreSizeMB', sum(server, :memstore_mb)], ['readRequestsCount', sum(server, :reads)],
       ['filteredReadRequestsCount', sum(server, :filtered)], ['writeRequestsCount', sum(server, :writes)],
       ['rootIndexSizeKB', sum(server, :root_index_kb)], ['totalStaticIndexSizeKB', sum(server, :index_kb)],
       ['totalStaticBloomSizeKB', sum(server, :bloom_kb)], ['totalCompactingKVs', sum(server, :compacting)],
       ['currentCompactedKVs', sum(server, :compacted)], ['compactionProgressPct', progress(sum(server, :compacting), sum(server, :compacted))],
       ['coprocessors', "[#{server[:coprocessors].join(', ')}]"]].map { |key, value| "#{key}=#{value}" }.join(', ')
    end

    def region_load(region)
      [['numberOfStores', region[:stores]], ['numberOfStorefiles', region[:files]], ['storeRefCount', region[:refs]],
       ['maxCompactedStoreFileRefCount', region[:compacted_refs]], ['storefileUncompressedSizeMB', region[:raw_mb]], ['storefileSizeMB', region[:files_mb]],
       ['memstoreSizeMB', region[:memstore_mb]], ['readRequestsCount', region[:reads]],
       ['filteredReadRequestsCount', region[:filtered]], ['writeRequestsCount', region[:writes]],
       ['rootIndexSizeKB', region[:root_index_kb]], ['totalStaticIndexSizeKB', region[:index_kb]],
       ['totalStaticBloomSizeKB', region[:bloom_kb]], ['totalCompactingKVs', region[:compacting]],
       ['currentCompactedKVs', region[:compacted]], ['compactionProgressPct', progress(region[:compacting], region[:compacted])],
       ['dataLocality', format('%.1f', region[:locality])]].map { |key, value| "#{key}=#{value}" }.join(', ')
    end

    def progress(total, done)
      total == 0 ? 'NaN' : format('%.1f', 100.0 * done / total)
    end

    def version
      Native.say("#{Native.version}\n")
    end

    def whoami
      name, groups = Native.whoami
      Native.say("#{name} (auth:SIMPLE)\n")
      Native.say("    groups: #{groups.join(', ')}\n") unless groups.empty?
      nil
    end

    def table_help
      Native.say(<<-TEXT)
A table can be held in a variable and its commands called on it:

  t = create 't', 'f'     or, when it exists:     t = get_table 't'
  t.put 'row', 'f:q', 'value'
  t.get 'row'
  t.scan LIMIT => 10
  t.describe
  t.disable
  t.drop

put, get, scan, delete, deleteall, count, incr, append, get_counter, get_splits, enable, disable, flush, drop and
describe work this way; t.help 'scan' tells about one of them.
      TEXT
      nil
    end
  end

  declare 'general', :status, "Tells about the cluster: status, status 'simple', status 'detailed', status 'tasks',\n  status 'replication'[, 'source' or 'sink']"
  declare 'general', :version, "Tells the version of this program, the commit it was built from and that commit's time: version"
  declare 'general', :whoami, 'Tells the current user: whoami'
  declare 'general', :table_help, 'Tells about table references: table_help'
end
