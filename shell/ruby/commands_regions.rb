# tools: regions that are split, merged, moved, opened and closed.
module Shell
  class Commands
    def split(target, key = nil)
      Native.split(name_of(target), key.nil? ? nil : key.to_s)
      nil
    end

    # merge_region 'a', 'b'[, ...][, true], or an array of regions.
    def merge_region(*regions)
      regions = flatten(regions)
      is_forced = false
      if [true, false, 'true', 'false'].include?(regions.last)
        is_forced = regions.pop.to_s == 'true'
      end
      raise ArgumentError, 'Need at least two regions to merge' if regions.size < 2
      Native.merge(regions.map { |region| region.to_s }, is_forced)
      nil
    end

    def move(region, server = nil)
      Native.move(region, server)
      nil
    end

    def assign(region)
      Native.assign(region)
      nil
    end

    # The second argument, force, does nothing in HBase 2 either.
    def unassign(region, _force = nil)
      Native.unassign(region)
      nil
    end

    def close_region(region, _server = nil)
      Native.say("DEPRECATED!!! Use 'unassign' command instead.\n")
      unassign(region)
    end

    def regioninfo(region)
      Native.say("#{region_text(Native.find_region(region))}\n")
      nil
    end

    def region_text(region)
      "{ENCODED => #{region[:encoded]}, NAME => '#{Shell.binary(region[:name])}', " \
        "STARTKEY => '#{Shell.binary(region[:start])}', ENDKEY => '#{Shell.binary(region[:end])}'}"
    end

    def rit
      transitions = Native.cluster_status[:transitions]
      transitions.each { |transition| Native.row([transition_text(transition)]) }
      Native.footer(transitions.size)
      nil
    end

    def transition_text(transition)
      name, state, since = transition
      "#{Shell.binary(name)} state=#{state}, ts=#{Native.time_text(since)} (#{(Native.wall_ms - since) / 1000}s ago)"
    end

    # A table reference or a name.
    def name_of(target)
      target.is_a?(Hbase::Table) ? target.name : target.to_s
    end
  end

  declare 'tools', :split, "Splits a region in two: split 't'[, 'key'], split 'region name'[, 'key'], split 'encoded name'[, 'key'].\n" \
    '  A table: the region that holds the key, or without a key every region, each where its server thinks best'
  declare 'tools', :merge_region, "Makes one region of neighbours: merge_region 'encoded name', 'encoded name'[, ...].\n" \
    "  Also merge_region ['encoded name', ...]. Only neighbours are merged, also with HBase's third argument, true"
  declare 'tools', :move, "Moves a region: move 'encoded name'[, 'host,port,startcode']; without a server the master chooses"
  declare 'tools', :assign, "Opens a region on a server of the master's choice: assign 'region name', assign 'encoded name'"
  declare 'tools', :unassign, "Closes a region, which is then not served until it is assigned: unassign 'region name', unassign 'encoded name'"
  declare 'tools', :close_region, "The old name of unassign: close_region 'region name'"
  declare 'tools', :regioninfo, "Shows a region: regioninfo 'region name', regioninfo 'encoded name'"
  declare 'tools', :rit, 'Lists regions in transition: rit'
end
