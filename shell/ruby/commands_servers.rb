# tools: servers. A server is named 'host', 'host,port' or 'host,port,startcode'.
module Shell
  class Commands
    def list_liveservers
      list_servers(live_servers)
    end

    def list_deadservers
      list_servers(Native.cluster_status[:dead])
    end

    def list_unknownservers
      list_servers(Native.cluster_status[:unknown])
    end

    def list_servers(names)
      Native.header(['SERVERNAME'])
      names.each { |name| Native.row([name]) }
      Native.footer(names.size)
      nil
    end

    def live_servers
      Native.cluster_status[:servers].map { |server| server[:name] }
    end

    # Full names of those given, by any form of their names; none given: `all`.
    def server_names(given, all = [])
      wanted = flatten([given]).compact
      return all if wanted.empty?
      live = nil
      wanted.map do |name|
        parts = name.to_s.split(',')
        next name.to_s if parts.size == 3
        live ||= live_servers
        found = parts.empty? ? [] : live.select { |full| full.split(',')[0, parts.size] == parts } # an empty name begins each
        raise ArgumentError, "Could not find server: #{name}" if found.empty?
        raise ArgumentError, "#{name} is more than one server: #{found.join(' ')}" if found.size > 1
        found[0]
      end
    end

    def clear_deadservers(*servers)
      names = flatten(servers)
      names = Native.cluster_status[:dead] if names.empty?
      left = names.empty? ? [] : Native.clear_dead(names.map { |name| name.to_s })
      if left.empty?
        Native.row(['true'])
      else
        Native.row(['Some dead server clear failed'])
        Native.row(['SERVERNAME'])
        left.each { |name| Native.row([name]) }
        Native.footer(left.size)
      end
      nil
    end

    def list_decommissioned_regionservers
      Native.header(['DECOMMISSIONED REGION SERVERS'])
      names = Native.decommissioned
      names.each { |name| Native.row([name]) }
      Native.footer(names.size)
      nil
    end

    def decommission_regionservers(servers, is_offloading = false)
      names = server_names(servers)
      raise ArgumentError, 'No server given' if names.empty?
      Native.decommission(names, truth(is_offloading))
      nil
    end

    def recommission_regionserver(server, regions = [])
      Native.recommission(server_names(server)[0], flatten([regions]).map { |region| region.to_s })
      nil
    end

    def compaction_switch(on, *servers)
      before = {}
      server_names(servers, live_servers).each { |name| before[name] = Native.compaction_switch(name, truth(on)) }
      Native.header(%w[SERVER PREV_STATE])
      before.each { |name, was_on| Native.row([name, was_on.to_s]) }
      Native.footer(before.size)
      before
    end

    def clear_compaction_queues(server, queues = nil)
      names = flatten([queues]).compact.map { |name| name.to_s.downcase }
      names = %w[long short] if names.empty?
      unknown = names - %w[long short]
      raise ArgumentError, "Unknown queue name #{unknown[0]}" unless unknown.empty?
      Native.clear_compaction_queues(server_names(server)[0], names.include?('short'), names.include?('long'))
      nil
    end

    def compact_rs(server, is_major = false)
      on_regions(server_names(server)[0]) { |region| Native.compact(region, nil, truth(is_major)) }
    end

    # Regions that the server says it has.
    def on_regions(name)
      server = Native.cluster_status[:servers].find { |each| each[:name] == name }
      raise ArgumentError, "Could not find server: #{name}" unless server
      server[:regions].each { |region| yield region[:name] }
      nil
    end

    def wal_roll(server)
      Native.roll_log(server_names(server)[0])
      nil
    end

    def hlog_roll(server)
      wal_roll(server)
    end

    def stop_regionserver(server)
      Native.stop_server(server_names(server)[0])
      nil
    end
  end

  declare 'tools', :list_liveservers, 'Lists live servers: list_liveservers'
  declare 'tools', :list_deadservers, 'Lists dead servers: list_deadservers'
  declare 'tools', :list_unknownservers, 'Lists servers that have regions and are neither live nor dead: list_unknownservers'
  declare 'tools', :clear_deadservers, "Forgets dead servers: clear_deadservers, clear_deadservers 'host,port,startcode', ..."
  declare 'tools', :list_decommissioned_regionservers, 'Lists servers that are to get no regions: list_decommissioned_regionservers'
  declare 'tools', :decommission_regionservers, "Gives servers no more regions: decommission_regionservers 'host,port,startcode'[, true],\n" \
    "  decommission_regionservers ['host', 'host,port'][, true]; true moves the regions that they have away"
  declare 'tools', :recommission_regionserver, "Takes that back: recommission_regionserver 'host,port,startcode'[, ['encoded name', ...]],\n" \
    '  and moves these regions to it'
  declare 'tools', :compaction_switch, "Lets servers compact by themselves, or not: compaction_switch false[, 'host,port,startcode', ...]"
  declare 'tools', :clear_compaction_queues, "Drops compactions that wait: clear_compaction_queues 'host,port,startcode'[, 'long' or ['long', 'short']]"
  declare 'tools', :compact_rs, "Compacts every region of a server: compact_rs 'host,port,startcode'[, true]; true: major"
  declare 'tools', :wal_roll, "Begins a new segment of a server's log: wal_roll 'host,port,startcode'"
  declare 'tools', :hlog_roll, "The old name of wal_roll: hlog_roll 'host,port,startcode'"
  declare 'tools', :stop_regionserver, "Asks a server to stop: stop_regionserver 'host,port,startcode'"
end
